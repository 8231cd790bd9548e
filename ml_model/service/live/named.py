"""Models that are asked for by their number, whether they are live or not."""

import threading
from collections.abc import Callable, Container

from ml_model.service.live.opened import Served

KEPT = 4
TURNS = 16  # two of one number are never opened at once, two of different ones mostly are


class NamedModels:
    """Those that were opened last. open_model: of a use case's name and a deployment's number."""

    def __init__(self, open_model: Callable[[str, int], Served]) -> None:
        self._open_model = open_model
        self._kept: dict[tuple[str, int], Served] = {}
        self._keeping = threading.Lock()
        self._opening = [threading.Lock() for _ in range(TURNS)]

    def find(self, use_case: str, deployment_id: int) -> Served | None:
        """The model, if it is kept; nobody waits."""
        return self._kept.get((use_case, deployment_id))

    def open(self, use_case: str, deployment_id: int) -> Served:
        """The model, opened unless somebody else has meanwhile. Raises what opening does."""
        with self._opening[deployment_id % TURNS]:
            served = self.find(use_case, deployment_id)
            if served is None:
                served = self._open_model(use_case, deployment_id)
                with self._keeping:
                    latest = [*self._kept.items(), ((use_case, deployment_id), served)]
                    self._kept = dict(latest[-KEPT:])
            return served

    def every(self) -> list[Served]:
        """All that are kept."""
        return list(self._kept.values())

    def keep_of(self, use_cases: Container[str]) -> None:
        """Forget those of other use cases."""
        with self._keeping:
            self._kept = {asked: served for asked, served in self._kept.items() if asked[0] in use_cases}
