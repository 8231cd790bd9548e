"""Request bodies, read whole in the event loop, within bounds of size, time and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # it has no __all__

from fleet.errors import BusyError, FleetError, TooLargeError

BODIES_IN_MEMORY = 3  # of the largest size, whether they are being read, wait or are worked on
LINGER_S = 2.0  # what a client that has not read its refusal yet may go on sending


class SlowBodyError(FleetError):
    """The client did not send in time what it had announced."""

    status = 408

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The body was not there after {seconds:g} seconds",
            "Send the request again, over a faster connection",
        )


class ClientGoneError(Exception):
    """The client left before it had sent the whole body: there is nobody to answer."""


class TooManyBytesError(BusyError):
    """The bodies of all requests together need more memory than they may."""

    def __init__(self) -> None:
        super().__init__(
            "Too many large bodies are being sent at the moment",
            "Send the request again after the seconds that Retry-After says",
        )


@dataclass
class Body:
    """A request's body. size: bytes that were read; rest: what was not; complete: nothing more will come."""

    content: BytesIO = field(default_factory=BytesIO)
    size: int = 0
    rest: AsyncIterator[bytes] | None = None
    complete: bool = False


class BodyReader:
    """Reads bodies of limit bytes at most, for that many seconds at most."""

    def __init__(self, *, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._memory = BODIES_IN_MEMORY * limit

    async def read(self, scope: Scope, protocol: HTTPProtocol, body: Body) -> None:
        """Fill the body. Raises TooLargeError, SlowBodyError, TooManyBytesError or ClientGoneError."""
        announced = scope.headers.get("content-length")
        if announced is not None or "transfer-encoding" in scope.headers:
            length = None if announced is None else int(announced)
            body.rest = aiter(protocol)
            self._check_size(length or 0)
            try:
                async with asyncio.timeout(self._seconds):
                    await self._fill(body.rest, body, length)
            except TimeoutError as error:
                raise SlowBodyError(self._seconds) from error
            if length is not None and body.size < length:
                raise ClientGoneError  # granian ends the chunks as if all had been well
            body.content.seek(0)
        body.complete = True

    def release(self, body: Body) -> None:
        """The memory of the body is no longer needed."""
        self._memory += body.size
        body.content = BytesIO()

    async def discard_rest(self, body: Body) -> None:
        """Take for a moment what the client still sends of a body that was refused.

        A connection that is closed with unread bytes is reset, and the client may never see the answer.
        """
        with suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(LINGER_S):
                while body.rest is not None:
                    await anext(body.rest)

    async def _fill(self, chunks: AsyncIterator[bytes], body: Body, length: int | None) -> None:
        """Not a chunk more than was announced: to wait for the end takes as long as to wait for a chunk."""
        with suppress(StopAsyncIteration):
            # granian's iterator cannot be iterated twice, and so not by `async for`.
            while body.size != length:
                self._take(await anext(chunks), body)

    def _take(self, chunk: bytes, body: Body) -> None:
        body.size += len(chunk)
        self._memory -= len(chunk)
        self._check_size(body.size)
        if self._memory < 0:
            raise TooManyBytesError
        body.content.write(chunk)

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise TooLargeError(
                f"The body has more than {self._limit} bytes", "Send a smaller body, or raise MAX_BODY_BYTES"
            )
