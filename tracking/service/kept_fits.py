"""Keeps finished fits as soon as they are, beside the search that goes on."""

import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from fleet.errors import UnavailableError
from tracking.persistence.model.search import FitKey, FitResult

AWAY_S = 300  # that PostgreSQL may be away for before the search is given up
AGAIN_S = 0.5


class FinishedFits(Protocol):
    """Fits of one search that have been made, whoever made them; see persistence.repository.finished_fits."""

    def read(self) -> Mapping[FitKey, FitResult]: ...

    def add(self, results: Sequence[tuple[FitKey, FitResult]]) -> None: ...


class KeptFits:
    """Hands fits to a thread of its own. While it writes some, the next ones gather."""

    def __init__(self, fits: FinishedFits) -> None:
        self.known = dict(fits.read())
        self._fits = fits
        self._gathered: queue.SimpleQueue[tuple[FitKey, FitResult] | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name="finished-fits", daemon=True)
        self._thread.start()

    def add(self, key: FitKey, result: FitResult) -> None:
        """Returns at once. Raises what has kept an earlier one from being written."""
        if self._failure is not None:
            raise self._failure
        self._gathered.put((key, result))

    def close(self) -> None:
        """Returns when all of them are written; raises what kept them from it."""
        self._gathered.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _write(self) -> None:
        try:
            while gathered := self._next():
                for attempt in Retrying(
                    retry=retry_if_exception_type(UnavailableError),
                    stop=stop_after_delay(AWAY_S),
                    wait=wait_fixed(AGAIN_S),
                    reraise=True,
                ):
                    with attempt:
                        self._fits.add(gathered)
        except BaseException as error:  # noqa: BLE001  # it is raised where the search sees it
            self._failure = error

    def _next(self) -> list[tuple[FitKey, FitResult]]:
        """All that have gathered, at least one; none at the end."""
        gathered = []
        while (found := self._gathered.get()) is not None:
            gathered.append(found)
            if self._gathered.empty():
                return gathered
        self._gathered.put(None)  # for the next look: what has gathered comes first
        return gathered
