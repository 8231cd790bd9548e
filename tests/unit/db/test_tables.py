"""The description of a use case's tables."""

import threading
from contextlib import suppress

import pytest

from db import tables
from db.definition import Feature, Task, UseCase
from db.tables import UseCaseTables, use_case_tables


def test_two_threads_are_given_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of two descriptions cannot be joined."""
    use_case = UseCase(name="raced", task=Task.REGRESSION, target="t", features=(Feature(name="x"),))
    both, found = threading.Barrier(2, timeout=0.5), list[UseCaseTables]()
    describe = tables._samples  # noqa: SLF001  # called while they are described

    def slowly(*given: object) -> object:
        with suppress(threading.BrokenBarrierError):
            both.wait()  # for the other thread, if it is let in
        return describe(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tables, "_samples", slowly)
    threads = [threading.Thread(target=lambda: found.append(use_case_tables(use_case))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
