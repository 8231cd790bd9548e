"""How much memory the bodies of requests may take while they are read, wait or are worked on.

Small bodies have a part of their own, so that they are read while large ones hold all of theirs; and no
client has all of either.
"""

from functools import lru_cache

from fleet.errors import BusyError
from fleet.web.failures import client_network

SMALL = 2**16
SMALL_BODIES = 256
LARGE_BODIES = 3  # of the largest size
MOST_OF_A_CLIENT = {True: SMALL_BODIES // 2, False: LARGE_BODIES - 1}

network = lru_cache(maxsize=1024)(client_network)


class TooManyBytesError(BusyError):
    """The bodies of all requests together, or of one client, need more memory than they may."""

    def __init__(self) -> None:
        super().__init__(
            "Too many large bodies are being sent at the moment",
            "Send the request again after the seconds that Retry-After says",
        )


class Held:
    """What one body holds of the memory, in bytes."""

    def __init__(self, memory: "BodyMemory", client: str) -> None:
        self._memory = memory
        self._client = network(client)
        self._size = 0

    def grow(self, size: int) -> None:
        """The body has this size now. Raises TooManyBytesError."""
        if self._size <= SMALL < size:
            self.release()
        self._memory.take(self._client, size - self._size, small=size <= SMALL)
        self._size = size

    def release(self) -> None:
        """The body's memory is no longer needed."""
        if self._size:
            self._memory.give_back(self._client, self._size, small=self._size <= SMALL)
        self._size = 0


class BodyMemory:
    """limit: of the largest body, in bytes. Not for several threads at a time."""

    def __init__(self, limit: int) -> None:
        unit = {True: SMALL, False: limit}
        self._free = {True: SMALL_BODIES * SMALL, False: LARGE_BODIES * limit}
        self._most = {small: count * unit[small] for small, count in MOST_OF_A_CLIENT.items()}
        self._held: dict[tuple[str, bool], int] = {}

    def take(self, client: str, size: int, *, small: bool) -> None:
        """Raises TooManyBytesError, and takes nothing then."""
        held = self._held.get((client, small), 0) + size
        if size > self._free[small] or held > self._most[small]:
            raise TooManyBytesError
        self._free[small] -= size
        self._held[client, small] = held

    def give_back(self, client: str, size: int, *, small: bool) -> None:
        """size: of what was taken."""
        self._free[small] += size
        self._held[client, small] -= size
        if not self._held[client, small]:
            del self._held[client, small]
