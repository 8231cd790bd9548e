"""Notices that the client of long work has gone, so that nobody's work is not gone on with."""

import asyncio
from contextlib import suppress
from typing import Any

from granian.rsgi import HTTPProtocol  # type: ignore[attr-defined]  # it has no __all__

from fleet.web.body import ClientGoneError
from fleet.web.lane import Job

_watching: set[asyncio.Task[None]] = set()  # the loop itself keeps tasks by weak references only


def give_up_when_gone(loop: asyncio.AbstractEventLoop, protocol: HTTPProtocol, job: Job) -> None:
    """Let the job's answer be that its client has gone, as soon as he has. For any thread."""
    loop.call_soon_threadsafe(_watch, protocol, job)


def _watch(protocol: HTTPProtocol, job: Job) -> None:
    task = asyncio.ensure_future(_wait(protocol, job))
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
