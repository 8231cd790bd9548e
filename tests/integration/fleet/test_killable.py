"""Work in processes that can be killed: what comes back, what does not, and who is left."""

import os
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from fleet.errors import ConflictError, OutOfTimeError
from fleet.killable import KillableWork, WorkerDiedError, WorkerFailedError
from fleet.patience import Patience


def double(number: int) -> tuple[int, int]:
    return os.getpid(), 2 * number


def refuse() -> None:
    raise ConflictError("It is taken", "Take another one")


def stumble() -> None:
    raise KeyError("lost")


def never_end() -> None:
    while True:
        pass


def die() -> None:
    os._exit(9)


@pytest.fixture
def work() -> Iterator[KillableWork]:
    made = KillableWork("test-work")
    yield made
    made.stop()


def test_a_process_is_kept_for_the_next_piece_and_ended_where_it_may_not_be(work: KillableWork) -> None:
    first = work.do(double, 1, patience=Patience.of(60), keep=True)
    second = work.do(double, 2, patience=Patience.of(60), keep=False)
    assert (first[1], second) == (2, (first[0], 4))
    assert first[0] != os.getpid()
    assert not psutil.pid_exists(first[0])


def test_an_error_of_ours_comes_as_it_is_and_any_other_with_its_traceback(work: KillableWork) -> None:
    with pytest.raises(ConflictError, match="taken") as refused:
        work.do(refuse, patience=Patience.of(60), keep=True)
    assert refused.value.message == "Take another one"
    with pytest.raises(WorkerFailedError, match="KeyError: 'lost'"):
        work.do(stumble, patience=Patience.of(60), keep=True)


@pytest.mark.alone
def test_endless_work_is_killed_when_time_is_up_or_nobody_waits(work: KillableWork) -> None:
    pid, _ = work.do(double, 1, patience=Patience.of(60), keep=True)
    started = time.monotonic()
    with pytest.raises(OutOfTimeError):
        work.do(never_end, patience=Patience.of(0.5), keep=True)
    assert time.monotonic() - started < 5
    assert not psutil.pid_exists(pid)
    gone = threading.Event()
    threading.Timer(0.5, gone.set).start()
    with pytest.raises(OutOfTimeError):
        work.do(never_end, patience=Patience(time.monotonic() + 600, gone.is_set), keep=True)
    assert work.do(double, 3, patience=Patience.of(60), keep=True)[1] == 6


def test_a_process_that_dies_is_told_and_replaced(work: KillableWork) -> None:
    with pytest.raises(WorkerDiedError):
        work.do(die, patience=Patience.of(60), keep=True)
    assert work.do(double, 3, patience=Patience.of(60), keep=True)[1] == 6
