"""How much one optimisation may ask for, counted before any value is looked at."""

import math
from dataclasses import dataclass

from tracking.persistence.model.search import SearchRequest
from tracking.service.refusals import (
    EmptyGridListError,
    GridMissingError,
    TooManyCombinationsError,
    TooManyFitsError,
)


@dataclass(frozen=True)
class Bounds:
    """combinations: of one model's grid. fits: of all grids together, each combination once for each fold."""

    combinations: int
    fits: int

    def check(self, request: SearchRequest) -> None:
        """Raises GridMissingError, EmptyGridListError, TooManyCombinationsError, TooManyFitsError."""
        sizes = {model_name: _size(model_name, request) for model_name in request.models}
        for model_name, size in sizes.items():
            if size > self.combinations:
                raise TooManyCombinationsError(model_name, size, self.combinations)
        fits = sum(sizes.values()) * max(request.cv, 1)
        if fits > self.fits:
            raise TooManyFitsError(fits, self.fits)


def _size(model_name: str, request: SearchRequest) -> int:
    grid = request.grids.get(model_name)
    if grid is None:
        raise GridMissingError(model_name)
    for name, values in grid.items():
        if not values:
            raise EmptyGridListError(model_name, name)
    return math.prod(len(values) for values in grid.values())
