"""How often a client has failed to show a credential."""

import ipaddress
import time
from collections.abc import Callable
from typing import ClassVar

from cachetools import TTLCache

from fleet.errors import BusyError

WINDOW_S = 60
MOST_FAILURES = 10
MOST_CLIENTS = 10_000
IPV6_NETWORK = 64  # one household or host has a whole such network


class TooManyFailuresError(BusyError):
    """The client has failed too often of late."""

    retry_after_s: ClassVar[int] = WINDOW_S

    def __init__(self) -> None:
        super().__init__(
            "Too many failed attempts from your address", "Wait a minute, then send valid credentials"
        )


class Failures:
    """Counts failures by address; a minute after an address's first one its count starts again.

    It is not for several threads at a time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts: TTLCache[str, list[int]] = TTLCache(MOST_CLIENTS, WINDOW_S, timer=clock)

    def check(self, address: str | None) -> None:
        """Raise TooManyFailuresError if the address has failed too often."""
        (count,) = self._counts.get(client_network(address), [0])
        if count >= MOST_FAILURES:
            raise TooManyFailuresError

    def count(self, address: str | None) -> None:
        """One more failure. Counted in place: a new entry would put the end of its minute off."""
        self._counts.setdefault(client_network(address), [0])[0] += 1


def client_network(address: str | None) -> str:
    """What counts as one client: an address, or a network of IPv6."""
    try:
        parsed = ipaddress.ip_address((address or "").strip("[]"))
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
