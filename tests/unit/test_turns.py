"""Whoever measures time has the machine to itself."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.turns import turn


def test_one_that_is_alone_waits_for_the_others_and_they_for_it(tmp_path: Path) -> None:
    beside: list[int] = []
    at_work, ended = threading.Semaphore(0), threading.Event()

    def others(number: int) -> None:
        while not ended.is_set():
            with turn(tmp_path, alone=False):
                beside.append(number)
                at_work.release()
                time.sleep(0.01)
                beside.remove(number)

    with ThreadPoolExecutor(2) as pool:
        for number in range(2):
            pool.submit(others, number)
        try:
            for _ in range(3):
                at_work.acquire()
                with turn(tmp_path, alone=True):
                    before = list(beside)
                    time.sleep(0.03)
                    after = list(beside)
                assert (before, after) == ([], [])
        finally:
            ended.set()
