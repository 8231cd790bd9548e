"""Sends one request over and over on several connections, and keeps the time of each answer."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

END_OF_HEAD = b"\r\n\r\n"


@dataclass
class Load:
    """What came of it. latencies: seconds of each answer; failures: how many were not 200, or never came."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class _Client(asyncio.Protocol):
    """One connection, which sends the next request when the last one is answered."""

    def __init__(self, request: bytes, load: Load, until: float) -> None:
        self._request = request
        self._load = load
        self._until = until
        self._received = b""
        self._waits = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        self._received = b""
        self._waits = False
        self._load.latencies.append(time.perf_counter() - self._sent)
        self._load.failures += head[9:12] != b"200"
        if time.perf_counter() < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self._load.failures += self._waits
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._waits = True
        self._transport.write(self._request)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


def request_for(url: str, body: bytes | None = None) -> bytes:
    """The bytes of a POST of JSON, or of a GET."""
    parts = urlsplit(url)
    lines = [f"{'GET' if body is None else 'POST'} {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def put_load(url: str, body: bytes | None = None, *, connections: int = 16, seconds: float = 5.0) -> Load:
    """Ask as fast as the answers come, for that long."""
    return uvloop.run(_put_load(url, request_for(url, body), connections, seconds))


async def _put_load(url: str, request: bytes, connections: int, seconds: float) -> Load:
    parts, load = urlsplit(url), Load()
    loop = asyncio.get_running_loop()
    start = time.perf_counter()

    def client() -> _Client:
        return _Client(request, load, start + seconds)

    opened = [
        await loop.create_connection(client, str(parts.hostname), parts.port or 80)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    load.seconds = time.perf_counter() - start
    return load
