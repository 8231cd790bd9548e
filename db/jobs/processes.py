"""Processes that a worker has started."""

import asyncio
import contextlib
import os
import signal
from typing import Any


async def ended(process: Any, seconds: float | None) -> bool:
    """Whether it ends within that time; None: however long that takes."""
    if process.exitcode is None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(process.sentinel, readable.set)
        try:
            await asyncio.wait_for(readable.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(process.sentinel)
        process.join()
    return True


def kill(process: Any) -> None:
    """End it, if there is one, and what it has started."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


async def started(start: Any) -> Any:
    """The process that `start` returns. One whose start is under way when this is cancelled does not stay."""
    starting = asyncio.create_task(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        kill(await starting)
        raise
