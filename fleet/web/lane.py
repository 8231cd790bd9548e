"""Threads for requests, and a bounded queue before them."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from fleet.errors import BusyError, OutOfTimeError
from fleet.web.wsgi_call import WsgiAnswer

LEAVE_LANE = "mlfleet.leave_lane"  # in the WSGI environment: gives the request's place to another one


class FullError(BusyError):
    """All threads are busy, and as many requests wait as may."""

    def __init__(self) -> None:
        super().__init__(
            "The service has as many requests as it can take at the moment",
            "Send the request again after the seconds that Retry-After says",
        )


@dataclass(eq=False)
class Job:
    """Work for a thread. left: it gave its place in the lane up while it ran."""

    work: "Callable[[Job], WsgiAnswer]"
    answer: asyncio.Future[WsgiAnswer]
    left: bool = False


class Lane:
    """Runs work in threads of its own; a bounded number waits. Only `leave` may be called in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, threads: int, waiting: int) -> None:
        self._loop = loop
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._free = threads + waiting
        for _ in range(threads):
            self._start_thread()

    def run(self, work: Callable[[Job], WsgiAnswer], *, seconds: float) -> asyncio.Future[WsgiAnswer]:
        """The answer that work will give. Raises FullError.

        Awaiting it raises OutOfTimeError after that many seconds: work that has begun by then goes on and
        keeps its thread until it ends, work that has not is dropped.
        """
        if not self._free:
            raise FullError
        self._free -= 1
        job = Job(work, self._loop.create_future())
        timer = self._loop.call_later(seconds, _give_up, job.answer)
        job.answer.add_done_callback(lambda _: timer.cancel())
        self._jobs.put(job)
        return job.answer

    def leave(self, job: Job) -> bool:
        """Called by work that will take long: another thread takes its place in the lane.

        Once is enough: False for work that calls it again, and has no place any more.
        """
        if job.left:
            return False
        job.left = True
        self._start_thread()
        self._loop.call_soon_threadsafe(self._release)
        return True

    def _start_thread(self) -> None:
        # A daemon: what nobody waits for any more must not keep the process from ending.
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while not self._left(self._jobs.get()):
            pass

    def _left(self, job: Job) -> bool:
        """Do the job; whether it gave its place up. Afterwards nothing of it is kept: it may be large."""
        try:
            answer = None if job.answer.done() else job.work(job)
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is awaited
            self._loop.call_soon_threadsafe(self._end, job, None, error)
        else:
            self._loop.call_soon_threadsafe(self._end, job, answer, None)
        return job.left

    def _end(self, job: Job, answer: WsgiAnswer | None, error: Exception | None) -> None:
        if not job.left:
            self._release()
        if job.answer.done():
            return  # too late: nobody waits for it
        if error is not None:
            job.answer.set_exception(error)
        elif answer is not None:
            job.answer.set_result(answer)

    def _release(self) -> None:
        self._free += 1


def _give_up(answer: asyncio.Future[WsgiAnswer]) -> None:
    if not answer.done():
        answer.set_exception(OutOfTimeError())


def stay_in_lane() -> None:
    """In the place of LEAVE_LANE without a front: there is no lane to leave."""
