"""Are the ports free that we are about to use, and who has them if not?"""

import errno
import socket
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import psutil

from fleet.addresses import resolve
from fleet.errors import FleetError

LOOPBACK = "127.0.0.1"


ANY = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  # recognised, not listened on


class PortTakenError(FleetError):
    """A port that is needed is in use; the message names the setting that changes it."""


def check_ports(
    wanted: Sequence[tuple[str, int, str]],
    host: str = LOOPBACK,
    *,
    hosts: Mapping[str, str] | None = None,
    ours: Collection[int] = (),
) -> None:
    """wanted: name, port and setting of everything about to start. host: the address to listen on.

    hosts: by name, of those that listen elsewhere. ours: ports that may be in use.
    Raises PortTakenError naming every port that is in use, or that two of them were given.
    """
    hosts = hosts or {}
    problems = []
    settings = []
    seen: dict[int, str] = {}
    for name, port, setting in wanted:
        if port in seen:
            problems.append(f"port {port} is given to both {seen[port]} and {name}")
        elif port not in ours and (problem := _problem(hosts.get(name, host), port)):
            problems.append(f"port {port} ({name}) {problem}")
        else:
            seen[port] = name
            continue
        settings.append(setting)
    if problems:
        example = f"{settings[0]}={_free_port()} ./launch.sh"
        raise PortTakenError(
            "; ".join(problems),
            f"Change {', '.join(settings)}, in the environment or in .env; for example: {example}",
        )


def address_at(host: str, port: int | str) -> str:
    """Where this machine reaches who listens on the host: an address, or a name."""
    plain = host.strip().strip("[]")
    told = ANY.get(plain, plain)
    return f"http://[{told}]:{port}" if ":" in told else f"http://{told}:{port}"


def _problem(host: str, port: int) -> str:
    try:
        family, _, _, _, address = resolve(host, port)
    except OSError as error:
        return f"cannot be used: {host!r} is no address of this machine ({error.strerror})"
    with socket.socket(family) as probe:
        # Connections that are only being closed do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            return f"is in use{_holder(port)}" if in_use else f"cannot be used: {error.strerror}"
    return ""


def _holder(port: int) -> str:
    with suppress(psutil.Error):  # other users' processes may be hidden from us
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and _port(connection.laddr) == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def _port(address: object) -> int | None:
    return getattr(address, "port", None)  # an empty tuple for a socket that is not bound


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
