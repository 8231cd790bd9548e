"""Request bodies, read whole in the event loop, within bounds of size, time and memory."""

import asyncio
from dataclasses import dataclass, field
from io import BytesIO

from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # it has no __all__

from fleet.errors import BusyError, FleetError, TooLargeError

BODIES_IN_MEMORY = 4  # of the largest size, whether they are being read, wait or are worked on


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
    """A request's body. size: bytes that were read; complete: nothing more will come."""

    content: BytesIO = field(default_factory=BytesIO)
    size: int = 0
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
            self._check_size(int(announced or 0))
            try:
                async with asyncio.timeout(self._seconds):
                    await self._fill(protocol, body)
            except TimeoutError as error:
                raise SlowBodyError(self._seconds) from error
            if announced is not None and body.size < int(announced):
                raise ClientGoneError  # granian ends the chunks as if all had been well
            body.content.seek(0)
        body.complete = True

    def release(self, body: Body) -> None:
        """The memory of the body is no longer needed."""
        self._memory += body.size

    async def _fill(self, protocol: HTTPProtocol, body: Body) -> None:
        async for chunk in protocol:
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
