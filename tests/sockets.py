"""Connections to a service on which a test writes what no client's library would."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.running import RunningService


@contextmanager
def connected(service: RunningService) -> Iterator[socket.socket]:
    host, _, port = service.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def everything(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer after which the connection is closed."""
    received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)
