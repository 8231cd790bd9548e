"""Notices that the client of long work has gone, so that nobody's work is not gone on with."""

import asyncio
from contextlib import suppress
from typing import Any

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # it has no __all__

from fleet.web.body import ClientGoneError
from fleet.web.lane import Job

_watching: set[asyncio.Task[None]] = set()  # the loop itself keeps tasks by weak references only


class WaitingClient:
    """Who waits for a job's answer, until it is there.

    What is left of a request, such as an exception and its frames, may lie in a reference cycle for long. If
    the protocol were in it, a connection whose body was not read would stay open as long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: HTTPProtocol) -> None:
        self._loop = loop
        self._protocol: HTTPProtocol | None = protocol

    def let_go(self, _answer: object) -> None:
        """The answer is there."""
        self._protocol = None

    def give_up_when_gone(self, job: Job) -> None:
        """Let the job's answer be that its client has gone, as soon as he has. For any thread."""
        self._loop.call_soon_threadsafe(self._watch, job)

    def _watch(self, job: Job) -> None:
        if self._protocol is None:
            return
        task = asyncio.ensure_future(_wait(self._protocol, job))
        _watching.add(task)
        task.add_done_callback(_watching.discard)


async def _wait(protocol: HTTPProtocol, job: Job) -> None:
    gone: asyncio.Future[Any] = asyncio.ensure_future(protocol.client_disconnect())
    both: set[asyncio.Future[Any]] = {gone, job.answer}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if not job.answer.done():
        job.answer.set_exception(ClientGoneError())
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
