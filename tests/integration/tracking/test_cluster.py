"""A Dask cluster of a scheduler and two worker processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from tests.conftest import free_port
from tests.integration.tracking.test_finished_fits import ALL, wait_until
from tests.searches import FitsInMemory, forest_search
from tracking.persistence.model.search import FitKey, FitResult, TrainingSet
from tracking.persistence.repository.cluster import (
    ClusterDiffersError,
    ClusterUnavailableError,
    DaskCluster,
    check_versions,
)

WORKER = ["worker", "--nthreads=1", "--no-dashboard", "--memory-limit=0"]


def dask(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A program of the cluster's, in a group of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a cluster's scheduler, which has two workers."""
    folder = tmp_path_factory.mktemp("dask")
    address = f"tcp://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    programs = [dask(folder, "scheduler", "--host=127.0.0.1", f"--port={port}", "--no-dashboard")]
    programs += [dask(folder, WORKER[0], address, *WORKER[1:]) for _ in range(2)]
    try:
        yield address
    finally:
        for program in programs:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(10)


def workers_of(address: str, count: int) -> list[int]:
    """Process ids of the workers, as soon as there are so many."""
    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)
        return list(client.run(os.getpid).values())


def test_a_search_on_a_cluster_is_that_of_this_machine_though_a_worker_is_killed_in_the_middle(
    scheduler: str, wine: TrainingSet
) -> None:
    here = forest_search(wine, "random")
    victim, _ = workers_of(scheduler, 2)
    kept = FitsInMemory()

    def kill_in_the_middle() -> None:
        wait_until(lambda: len(kept.known) >= ALL // 3)
        assert len(kept.known) < ALL
        os.kill(victim, signal.SIGKILL)

    with ThreadPoolExecutor(1) as killer:
        killed = killer.submit(kill_in_the_middle)
        there = forest_search(wine, "random", fits=kept, engine=DaskCluster(scheduler))
        killed.result()
    assert there == here
    assert len(kept.added) == ALL


class Full(FitsInMemory):
    """Takes a third of the fits, and ends the search."""

    def add(self, results: Sequence[tuple[FitKey, FitResult]]) -> None:
        super().add(results)
        if len(self.known) >= ALL // 3:
            raise OSError("the disk is full")


def test_a_search_is_taken_up_by_the_other_engine(scheduler: str, wine: TrainingSet) -> None:
    full = Full()
    with pytest.raises(OSError, match="full"):
        forest_search(wine, "random", fits=full, engine=DaskCluster(scheduler))
    assert len(full.known) < ALL
    more = FitsInMemory(full.known)
    assert forest_search(wine, "random", fits=more) == forest_search(wine, "random")
    assert len(more.added) == ALL - len(full.known)


def test_a_scheduler_that_is_not_there_is_named() -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ClusterUnavailableError, match=address), ExitStack() as stack:
        stack.enter_context(DaskCluster(address, patience_s=1).sharing(0))


@pytest.mark.parametrize("name", ["python", "numpy", "scikit-learn"])
def test_a_worker_of_other_versions_is_refused_by_name(name: str, scheduler: str) -> None:
    with Client(scheduler, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        told: dict[str, Any] = client.get_versions(packages=["scikit-learn"])["workers"]
    check_versions(told)
    ((address, one), *_) = told.items()
    if name == "python":
        one["host"]["python"] = "3.9.1.final.0"
    else:
        one["packages"][name] = "0.1"
    with pytest.raises(ClusterDiffersError, match=f"{address} has {name} ") as refused:
        check_versions(told)
    assert refused.value.status == 503
