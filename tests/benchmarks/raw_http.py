"""HTTP/1.1 as badly behaved clients speak it, over asyncio streams."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

CLOSED = "closed"
UNANSWERED = "no answer"


@dataclass(frozen=True)
class Target:
    """Where a service listens."""

    host: str
    port: int

    @classmethod
    def at(cls, address: str) -> "Target":
        parts = urlsplit(address)
        return cls(str(parts.hostname), int(parts.port or 80))


class Connection:
    """One connection to a service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, target: Target) -> "Connection":
        return cls(*await asyncio.open_connection(target.host, target.port))

    async def send(self, data: bytes) -> bool:
        """Whether the service still takes what is sent."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            return False
        return True

    async def status(self, *, seconds: float) -> str:
        """Status of the next answer, read whole; or that the connection was closed, or nothing came."""
        try:
            async with asyncio.timeout(seconds):
                return await self._answer()
        except TimeoutError:
            return UNANSWERED
        except (ConnectionError, asyncio.IncompleteReadError):
            return CLOSED

    def close(self) -> None:
        self._writer.close()

    async def _answer(self) -> str:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next(
            (line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")), "0"
        )
        await self._reader.readexactly(int(length))
        return head.split()[1]


def request(method: str, path: str, body: bytes | None = None, *headers: str) -> bytes:
    """A request with a JSON body, whole."""
    lines = [f"{method} {path} HTTP/1.1", "Host: fleet", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def json_request(method: str, path: str, body: object) -> bytes:
    return request(method, path, json.dumps(body).encode())
