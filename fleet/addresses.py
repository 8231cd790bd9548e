"""What a host to listen on is, by name or number."""

import socket
from typing import Any


def resolve(host: str, port: int) -> tuple[Any, ...]:
    """As `socket.getaddrinfo`: the address that the host stands for; of a name IPv4's, if it has one.

    Raises OSError.
    """
    plain = host.strip().removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(plain, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:
        raise OSError(0, "it is no name of a host") from error
    return min(found, key=lambda each: each[0] != socket.AF_INET)
