"""How far a search is."""

import time
from collections.abc import Callable

from tracking.persistence.model.search import SearchRequest
from tracking.service.methods import most_fits

OFTEN_S = 0.1
NOT_ALL = 0.99  # until the last model is fitted and saved


class Progress:
    """Tells the share of the fits that are done, or of the time that a search may take.

    told: is called with it and with a line about what goes on, not more often than every OFTEN_S.
    """

    def __init__(self, request: SearchRequest, told: Callable[[float, str], None]) -> None:
        self._told = told
        self._of_model = {model_name: most_fits(model_name, request) for model_name in request.models}
        self._seconds = None if request.budget is None else request.budget.seconds
        self._began = time.monotonic()
        self._last = -OFTEN_S
        self._done = 0
        self._model_name = ""
        self._begun: list[str] = []

    def goes_to(self, model_name: str) -> None:
        """The model that is searched from now on. Of those before it nothing is left to do."""
        self._done = sum(self._of_model[name] for name in self._begun)
        self._begun.append(model_name)
        self._model_name = model_name

    def add(self, fits: int) -> None:
        """So many more are done."""
        self._done += fits
        now = time.monotonic()
        if now - self._last >= OFTEN_S:
            self._last = now
            of_all = "" if self._seconds else f" of {self._total()}"
            self._told(self._share(now), f"{self._model_name}: {self._done}{of_all} fits")

    def _share(self, now: float) -> float:
        share = self._done / max(self._total(), 1)
        if self._seconds is not None:
            share = max(share, (now - self._began) / self._seconds)
        return min(share, NOT_ALL)

    def _total(self) -> int:
        return sum(self._of_model.values())
