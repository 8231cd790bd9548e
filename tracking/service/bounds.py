"""How much one optimisation may ask for, counted before any value is looked at."""

from dataclasses import dataclass, replace

from tracking.persistence.model.search import Budget, SearchRequest
from tracking.service.methods import most_candidates, most_fits
from tracking.service.refusals import (
    EmptyGridListError,
    GridHasNoBudgetError,
    GridMissingError,
    TooManyCombinationsError,
    TooManyFitsError,
    TooManyValuesError,
)

HALVED_IN_TIME = (
    81  # candidates that halving begins with when it is told a time: four rounds leave one of them
)


@dataclass(frozen=True)
class Bounds:
    """combinations: of one model. fits: of all models together, each combination once for each fold."""

    combinations: int
    fits: int

    def check(self, request: SearchRequest) -> None:
        """Raises GridHasNoBudgetError, GridMissingError, EmptyGridListError, TooManyValuesError,
        TooManyCombinationsError and TooManyFitsError.
        """
        if request.method == "grid" and request.budget is not None:
            raise GridHasNoBudgetError
        for model_name in request.models:
            self._check_lists(model_name, request)
            size = most_candidates(model_name, request)
            if size > self.combinations:
                raise TooManyCombinationsError(model_name, size, self.combinations)
        fits = sum(most_fits(model_name, request) for model_name in request.models)
        if fits > self.fits:
            raise TooManyFitsError(fits, self.fits)

    def _check_lists(self, model_name: str, request: SearchRequest) -> None:
        grid = request.grids.get(model_name)
        if grid is None:
            if request.method == "grid":
                raise GridMissingError(model_name)
            return
        for name, values in grid.items():
            if not values:
                raise EmptyGridListError(model_name, name)
        count = sum(map(len, grid.values()))
        if request.method != "grid" and count > self.combinations:
            raise TooManyValuesError(model_name, count, self.combinations)

    def filled(self, request: SearchRequest) -> SearchRequest:
        """The request with a number of candidates: of a budget in seconds, as many as are allowed."""
        budget = request.budget
        if budget is None or budget.candidates is not None:
            return request
        most = self.fits // (max(request.cv, 1) * max(len(request.models), 1)) - bool(request.include)
        most = min(self.combinations, most)
        if request.method == "halving":
            most = min(HALVED_IN_TIME, most * 3 // 5)  # the later rounds count too
        return replace(request, budget=Budget(max(most, 1), budget.seconds))
