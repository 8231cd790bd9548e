"""Request bodies, read whole in the event loop, within bounds of size, time, memory and number of chunks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # it has no __all__

from fleet.errors import FleetError, TooLargeError
from fleet.web.body_memory import SMALL, BodyMemory, Held
from fleet.web.headers import Headers

LINGER_S = 2.0  # what a client that has not read its refusal yet may go on sending
STALL_S = 5.0
LEAST_RATE = 2048  # bytes a second, on average of STALL_S
FREE_CHUNKS = 5000  # each takes the event loop some 40 µs, however small it is
CHUNK_BYTES = 1024  # beyond those, the least that chunks have on average


class SlowBodyError(FleetError):
    """The client did not send in time what it had announced."""

    status = 408

    def __init__(self, seconds: float, size: int) -> None:
        super().__init__(
            f"The body was not there after {seconds:g} seconds, or came too slowly: {size} bytes were read",
            "Send the request again, over a faster connection",
        )


class ManyChunksError(FleetError):
    """The body comes in so many pieces that they take longer than the body itself."""

    status = 400

    def __init__(self) -> None:
        super().__init__(
            "The body comes in too many small chunks",
            f"Send chunks of {CHUNK_BYTES} bytes or more, or a Content-Length",
        )


class ClientGoneError(Exception):
    """The client left before it had sent the whole body: there is nobody to answer."""


@dataclass
class Body:
    """A request's body. length: that was announced; None if it comes in chunks of unknown number.

    size, chunks: that were read. rest: what was not; complete: nothing more will come.
    """

    content: BytesIO = field(default_factory=BytesIO)
    length: int | None = 0
    size: int = 0
    chunks: int = 0
    rest: AsyncIterator[bytes] | None = None
    complete: bool = False
    held: Held | None = None

    @property
    def is_small(self) -> bool:
        """Whether it was announced to be, so that its beginning may be held for anybody."""
        return self.length is not None and self.length <= SMALL


class BodyReader:
    """Reads bodies of limit bytes at most, for that many seconds at most.

    stall_s: seconds in each of which a body, unless it ends, must have grown at the least rate.
    """

    def __init__(self, *, limit: int, seconds: float, stall_s: float = STALL_S) -> None:
        self._limit = limit
        self._seconds = seconds
        self._stall_s = min(seconds, stall_s)
        self._memory = BodyMemory(limit)

    def open(self, headers: Headers, protocol: HTTPProtocol, body: Body) -> None:
        """Learn what will come. Raises TooLargeError."""
        announced = headers.get("content-length")
        if announced is None and "transfer-encoding" not in headers:
            body.complete = True
            return
        body.length = None if announced is None else int(announced)
        body.rest = aiter(protocol)
        self._check_size(body.length or 0)
        body.complete = body.length == 0

    async def read_start(self, body: Body) -> None:
        """Read a chunk, which is all of most bodies. Raises as `read_rest` does."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._read_chunk(body)
        except TimeoutError as error:
            raise SlowBodyError(self._seconds, body.size) from error

    async def read_rest(self, body: Body, client: str) -> None:
        """Read the body to its end. client: address that it comes from.

        Raises TooLargeError, SlowBodyError, TooManyBytesError, ManyChunksError or ClientGoneError.
        """
        body.held = Held(self._memory, client)
        body.held.grow(body.size)
        try:
            async with asyncio.timeout(self._stall_s) as stall:
                await self._read_chunks(body, body.held, stall)
        except TimeoutError as error:
            raise SlowBodyError(self._seconds, body.size) from error

    async def discard_rest(self, body: Body) -> None:
        """Take for a moment what the client still sends of a body that was refused.

        A connection that is closed with unread bytes is reset, and the client may never see the answer.
        """
        with suppress(TimeoutError, ManyChunksError):
            async with asyncio.timeout(LINGER_S):
                while not body.complete:
                    await self._next(body)

    def release(self, body: Body) -> None:
        """The memory of the body is no longer needed."""
        if body.held is not None:
            body.held.release()
        body.content = BytesIO()

    async def _read_chunks(self, body: Body, held: Held, stall: asyncio.Timeout) -> None:
        now = asyncio.get_running_loop().time
        end, least = now() + self._seconds, LEAST_RATE * self._stall_s
        mark = body.size + least
        while not body.complete:
            await self._read_chunk(body, held)
            if body.size >= mark:
                mark = body.size + least
                stall.reschedule(min(end, now() + self._stall_s))

    async def _read_chunk(self, body: Body, held: Held | None = None) -> None:
        chunk = await self._next(body)
        self._check_size(body.size)
        if held is not None:
            held.grow(body.size)
        body.content.write(chunk)
        if body.complete:
            if body.length is not None and body.size < body.length:
                raise ClientGoneError  # granian ends the chunks as if all had been well
            body.content.seek(0)

    async def _next(self, body: Body) -> bytes:
        """Not a chunk more than was announced: to wait for the end takes as long as to wait for a chunk."""
        if body.rest is None:
            body.complete = True
            return b""
        try:
            # granian's iterator cannot be iterated twice, and so not by `async for`.
            chunk = await anext(body.rest)
        except StopAsyncIteration:
            body.complete = True
            return b""
        body.size += len(chunk)
        body.chunks += 1
        body.complete = body.size == body.length
        if body.chunks > FREE_CHUNKS + body.size // CHUNK_BYTES:
            raise ManyChunksError
        return chunk

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise TooLargeError(
                f"The body has more than {self._limit} bytes", "Send a smaller body, or raise MAX_BODY_BYTES"
            )
