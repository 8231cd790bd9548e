"""Workers on this machine: processes that are forked, so that they share the rows they work on.

A process is forked before there are any threads, and does nothing but fork the others. So one that has died
is made anew at any time, without copies of locks that some thread holds, and with the same memory.
"""

import contextlib
import gc
import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from pickle import PicklingError
from typing import Any

from joblib import cpu_count
from threadpoolctl import threadpool_limits

from tracking.persistence.model.engine import WorkerLostError, Workers
from tracking.utils.quiet import no_warnings

LOOK_S = 0.3  # between two looks whether the parent lives


class LocalProcesses:
    """An Engine of one process for each core that this one may use, or of so many."""

    def __init__(self, slots: int | None = None) -> None:
        self._slots = slots or cpu_count()

    @contextlib.contextmanager
    def sharing(self, shared: Any) -> Iterator[Workers]:
        """As Engine's."""
        workers = ForkedWorkers(shared, self._slots)
        try:
            yield workers
        finally:
            workers.stop()


class ForkedWorkers:
    """Workers: a thread for each, which hands it tasks and waits for what they return."""

    def __init__(self, shared: Any, slots: int) -> None:
        self.slots = slots
        self._shared = shared
        self._lock = threading.Lock()
        self._nursery = _Nursery(shared)
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        self._busy: set[_Worker] = set()
        self._stopped = False
        for _ in range(slots):
            self._idle.put(self._nursery.worker())
        self._threads = ThreadPoolExecutor(slots, "worker")

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """As Workers'."""
        return self._threads.submit(self._do, task, arguments)

    def stop(self) -> None:
        """End all of them, whatever they are doing."""
        with self._lock:
            self._stopped = True
            for worker in self._busy:
                worker.kill()
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            self._idle.get().close()
        self._nursery.stop()

    def _do(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        worker = self._busy_with(task, arguments)
        try:
            is_returned, content = worker.outcome()
        except (EOFError, OSError) as error:
            raise WorkerLostError from error
        finally:
            self._give_back(worker)
        if not is_returned:
            raise content
        return content

    def _busy_with(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> "_Worker":
        """A worker that has been given the task; one that is found dead is replaced."""
        worker = self._idle.get()
        try:
            try:
                worker.begin(task, arguments)
            except OSError:
                worker.close()
                worker = self._renewed()
                worker.begin(task, arguments)
        except BaseException:
            self._idle.put(worker)
            raise
        with self._lock:
            self._busy.add(worker)
            if self._stopped:
                worker.kill()
        return worker

    def _give_back(self, worker: "_Worker") -> None:
        with self._lock:
            self._busy.discard(worker)
        self._idle.put(worker)

    def _renewed(self) -> "_Worker":
        with self._lock:
            with contextlib.suppress(EOFError, OSError):
                return self._nursery.worker()
            self._nursery.stop()  # it has died, and its workers with it
            self._nursery = _Nursery(self._shared)
            return self._nursery.worker()


class _Worker:
    """One process, as the thread that hands it tasks sees it."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection = connection
        self._pid = pid

    def begin(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Raises OSError if it is dead."""
        self._connection.send((task, arguments))

    def outcome(self) -> tuple[bool, Any]:
        """Whether the task returned, and what that is, or what it raised. Raises EOFError, OSError."""
        answer: tuple[bool, Any] = self._connection.recv()
        return answer

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """An idle one ends by itself."""
        self._connection.close()


class _Nursery:
    """The process that forks the workers, as its parent sees it."""

    def __init__(self, shared: Any) -> None:
        self._orders, theirs = socket.socketpair()
        parent = os.getpid()
        with no_warnings():  # that there may be threads by now: they take no lock that is needed here
            self._pid = os.fork()
        if not self._pid:
            self._orders.close()
            _in_child(_nurse, theirs, shared, parent)
        theirs.close()

    def worker(self) -> _Worker:
        """A new one. Raises EOFError, OSError if the nursery has died."""
        self._orders.sendall(b"1")
        pid = int.from_bytes(self._orders.recv(8, socket.MSG_WAITALL), "big")
        if not pid:
            raise EOFError
        return _Worker(Connection(recv_handle(_Orders(self._orders))), pid)

    def stop(self) -> None:
        self._orders.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


class _Orders:
    """A socket, with the one name by which multiprocessing asks it for its number."""

    def __init__(self, sock: socket.socket) -> None:
        self.fileno = sock.fileno


def _in_child(work: Callable[..., None], *arguments: Any) -> None:
    """The whole life of a forked process: it must never come back into its parent's code."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a whole terminal: the parent knows what to do
        work(*arguments)
    finally:
        os._exit(0)


def _nurse(orders: socket.socket, shared: Any, parent: int) -> None:
    gc.freeze()  # what is never collected is not copied by looking at it
    orders.settimeout(LOOK_S)
    nursery = os.getpid()
    with threadpool_limits(1):
        while os.getppid() == parent:
            try:
                if not orders.recv(1):
                    return
            except TimeoutError:
                continue
            ours, theirs = Pipe()
            pid = os.fork()
            if not pid:
                orders.close()
                ours.close()
                _in_child(_serve, theirs, shared, nursery)
            theirs.close()
            orders.sendall(pid.to_bytes(8, "big"))
            send_handle(_Orders(orders), ours.fileno(), parent)
            ours.close()
            _reap()


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(connection: Connection, shared: Any, nursery: int) -> None:
    threading.Thread(target=_end_with, args=(nursery,), daemon=True).start()
    with no_warnings(), contextlib.suppress(EOFError, OSError):
        while True:
            task, arguments = connection.recv()
            outcome = _outcome(task, shared, arguments)
            try:
                connection.send(outcome)
            except (PicklingError, TypeError, AttributeError) as error:  # what pickle says of its own limits
                connection.send((False, RuntimeError(f"{task.__name__} made what cannot be sent: {error}")))


def _outcome(task: Callable[..., Any], shared: Any, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, task(shared, *arguments)
    except Exception as error:  # noqa: BLE001  # it is raised where the task came from
        return False, error


def _end_with(nursery: int) -> None:
    """A process that is killed cannot end what it has begun."""
    while os.getppid() == nursery:
        time.sleep(LOOK_S)
    os._exit(1)
