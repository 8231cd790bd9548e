"""Workers on this machine."""

import os
import signal
import time
from typing import Any

import psutil
import pytest

from tracking.persistence.model.engine import WorkerLostError
from tracking.service.processes import LocalProcesses


def add(shared: int, number: int) -> int:
    return shared + number


def processes(_: int) -> tuple[int, int]:
    return os.getpid(), os.getppid()


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(_: int) -> None:
    raise ValueError("as it is")


def unsendable(_: int) -> Any:
    return lambda: None


def wait(_: int, seconds: float) -> None:
    time.sleep(seconds)


def test_tasks_share_what_is_handed_over_once() -> None:
    with LocalProcesses(2).sharing(40) as workers:
        asked = [workers.submit(add, number) for number in range(20)]
        assert [future.result(10) for future in asked] == list(range(40, 60))
        assert workers.slots == 2


def test_what_a_task_raises_comes_back_and_its_process_goes_on() -> None:
    with LocalProcesses(1).sharing(0) as workers:
        before = workers.submit(processes).result(10)
        with pytest.raises(ValueError, match="as it is"):
            workers.submit(fail).result(10)
        with pytest.raises(RuntimeError, match="unsendable made what cannot be sent"):
            workers.submit(unsendable).result(10)
        assert workers.submit(processes).result(10) == before


def test_a_process_that_dies_loses_its_own_task_alone_and_another_takes_its_place() -> None:
    with LocalProcesses(2).sharing(1) as workers:
        asked = [
            workers.submit(wait, 0.2),
            workers.submit(die),
            workers.submit(add, 1),
            workers.submit(add, 2),
        ]
        with pytest.raises(WorkerLostError):
            asked[1].result(10)
        assert asked[0].result(10) is None
        assert [future.result(10) for future in asked[2:]] == [2, 3]


def test_processes_are_made_anew_even_where_the_one_that_makes_them_was_killed() -> None:
    with LocalProcesses(2).sharing(1) as workers:
        _, nursery = workers.submit(processes).result(10)
        os.kill(nursery, signal.SIGKILL)
        time.sleep(1)
        assert [workers.submit(add, number).result(10) for number in range(4)] == [1, 2, 3, 4]
        assert workers.submit(processes).result(10)[1] != nursery


@pytest.mark.alone
def test_the_end_ends_what_is_still_being_done() -> None:
    before = set(psutil.Process().children(recursive=True))
    with LocalProcesses(2).sharing(1) as workers:
        asked = [workers.submit(wait, 100) for _ in range(5)]
        workers.submit(add, 1)
        while not asked[1].running():
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert set(psutil.Process().children(recursive=True)) <= before


def test_they_end_with_whoever_made_them() -> None:
    child = os.fork()
    if not child:
        with LocalProcesses(2).sharing(1) as workers:
            workers.submit(wait, 100)
            time.sleep(100)
    deadline = time.monotonic() + 10
    while len(family := psutil.Process(child).children(recursive=True)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    psutil.wait_procs(family, timeout=5)
    assert [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
