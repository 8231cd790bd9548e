"""Workers of a Dask cluster, which is asked through its scheduler."""

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from importlib.metadata import version
from typing import Any

from distributed import Client
from distributed.scheduler import KilledWorker

from fleet.errors import UnavailableError
from tracking.persistence.model.engine import WorkerLostError, Workers

CONNECT_S = 10
RETRIES = 3
COMPARED = ("numpy", "scikit-learn")


class ClusterUnavailableError(UnavailableError):
    """The scheduler does not answer, or has no workers."""

    def __init__(self, address: str, what: str) -> None:
        super().__init__(
            f"The Dask scheduler at {address} {what}",
            "Start it with its workers, or leave TRACKING_DASK_SCHEDULER out to search on this machine",
        )


class ClusterDiffersError(UnavailableError):
    """A worker would compute something else than this process, or could not read what it is sent."""

    def __init__(self, worker: str, name: str, theirs: str | None, ours: str) -> None:
        super().__init__(
            f"The Dask worker {worker} has {name} {theirs or 'not at all'}, and tracking has {ours}",
            "Start the scheduler and its workers from the image that tracking is started from",
        )


class DaskCluster:
    """An Engine on the workers of a cluster.

    address: of its scheduler, `tcp://host:8786`. patience_s: that it and its first worker may take to answer.
    """

    def __init__(self, address: str, patience_s: float = CONNECT_S) -> None:
        self._address = address
        self._patience_s = patience_s

    @contextlib.contextmanager
    def sharing(self, shared: Any) -> Iterator[Workers]:
        """As Engine's. Raises ClusterUnavailableError, ClusterDiffersError."""
        try:
            client = Client(self._address, timeout=self._patience_s, set_as_default=False)
        except OSError as error:
            raise ClusterUnavailableError(self._address, "does not answer") from error
        with client:
            try:
                client.wait_for_workers(1, timeout=self._patience_s)
            except TimeoutError as error:
                raise ClusterUnavailableError(self._address, "has no workers") from error
            check_versions(client.get_versions(packages=COMPARED)["workers"])
            yield ClusterWorkers(client, shared)


class ClusterWorkers:
    """Workers of a cluster, each of which is sent what they share once."""

    def __init__(self, client: Client, shared: Any) -> None:
        self.slots = max(1, sum(client.nthreads().values()))
        self._client = client
        self._shared = shared
        self._scattered: Any = None
        self._executor = client.get_executor(pure=False, retries=RETRIES)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """As Workers'."""
        if self._scattered is None:
            self._scattered = self._client.scatter(self._shared, broadcast=True, hash=False)
        promised: Future[Any] = Future()
        asked = self._executor.submit(task, self._scattered, *arguments)
        asked.add_done_callback(partial(self._settle, promised))
        return promised

    def _settle(self, promised: Future[Any], asked: Future[Any]) -> None:
        if asked.cancelled():  # every worker that had it has died: it is sent once more
            self._scattered = None
            promised.set_exception(WorkerLostError())
            return
        error = asked.exception()
        if isinstance(error, KilledWorker):
            promised.set_exception(WorkerLostError())
        elif error is not None:
            promised.set_exception(error)
        else:
            promised.set_result(asked.result())


def check_versions(workers: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises ClusterDiffersError. workers: what Client.get_versions says of them, by address."""
    ours = {"python": platform.python_version(), **{name: version(name) for name in COMPARED}}
    for address, told in workers.items():
        packages: Mapping[str, Any] = told["packages"]
        found = {
            "python": ".".join(str(told["host"]["python"]).split(".")[:3]),
            **{name: packages.get(name) for name in COMPARED},
        }
        for name, theirs in found.items():
            if theirs != ours[name]:
                raise ClusterDiffersError(address, name, theirs, ours[name])
