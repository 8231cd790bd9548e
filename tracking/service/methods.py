"""In which order a model's candidates are tried: grid, random, halving or Optuna.

Whatever is drawn is drawn from the seed, so that a search which is taken up again draws the same. What a
request includes comes before it: the very first candidate is tried whatever the budget, and wins a tie.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from fleet.catalogue import Range, Space, catalogue_entry
from fleet.settings import SEED
from tracking.persistence.model.search import Budget, CandidateResult, Grid, Method, SearchRequest
from tracking.persistence.repository.studies import OptunaStudy
from tracking.service.evaluating import Candidate

FACTOR = 3  # one in so many is kept by a round of halving, for so many times the rows
VAST = 10**9  # combinations
ROUND = 8  # candidates that Optuna is asked for before it is told how they did

Evaluate = Callable[[Iterable[Candidate]], list[CandidateResult]]


@dataclass(frozen=True)
class Hunt:
    """The search for one model's best candidate.

    rows, classes: of the training set; no classes of a regression. until: of time.monotonic, after which no
    candidate is begun but the first. study: makes Optuna's, when it is needed.
    """

    model_name: str
    request: SearchRequest
    rows: int
    classes: int
    until: float
    evaluate: Evaluate
    study: Callable[[], OptunaStudy]

    @property
    def space(self) -> Space:
        return space_of(self.model_name, self.request)

    @property
    def most(self) -> int:
        """Candidates that are drawn, at most."""
        return most_candidates(self.model_name, self.request)

    @property
    def included(self) -> dict[str, Any] | None:
        """The setting that is tried whatever is drawn."""
        setting = self.request.include.get(self.model_name)
        return None if setting is None else dict(setting)

    def settings(self) -> Iterator[dict[str, Any]]:
        """What is included, then what is drawn, unless it comes to the same."""
        drawn = _drawn(self)
        if self.included is not None:
            yield self.included
            defaults = catalogue_entry(self.model_name).defaults
            drawn = (each for each in drawn if defaults | each != defaults | self.included)
        yield from drawn

    def best(self) -> tuple[list[CandidateResult], CandidateResult | None]:
        """All candidates that were tried, and the best: the first of them, None if none has a score."""
        found, decisive = METHODS[self.request.method](self)
        means = np.array([result.mean_score for result in decisive])
        return found, None if np.isnan(means).all() else decisive[int(np.nanargmax(means))]

    def in_time(self, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        """Those that can be begun in time, and the very first; all of them if there is no end of it."""
        if math.isinf(self.until):
            return candidates
        return takewhile(lambda each: not each.number or time.monotonic() < self.until, candidates)


def space_of(model_name: str, request: SearchRequest) -> Space:
    """What the request gives for the model, or else the catalogue's."""
    given: Grid | None = request.grids.get(model_name)
    return catalogue_entry(model_name).space if given is None else given


def told_space(space: Space) -> dict[str, list[Any]]:
    """The space as a run shows it: lists of values, and the two ends of a range."""
    return {
        name: [part.low, part.high] if isinstance(part, Range) else list(part) for name, part in space.items()
    }


def most_candidates(model_name: str, request: SearchRequest) -> int:
    """How many may be drawn: never more than there are combinations."""
    size = combinations_of(space_of(model_name, request))
    most = None if request.budget is None else request.budget.candidates
    return int(size if most is None else min(size, most))


def most_fits(model_name: str, request: SearchRequest) -> int:
    """How many fits there may be: of halving, those of all rounds."""
    most = most_candidates(model_name, request) + (model_name in request.include)
    if request.method == "halving":
        most = sum(_round_sizes(most))
    return most * request.cv


def combinations_of(space: Space) -> float:
    """How many there are; infinitely many of a range."""
    return math.prod(math.inf if isinstance(part, Range) else len(part) for part in space.values())


Found = tuple[list[CandidateResult], list[CandidateResult]]  # all, and those that the best is one of


def _in_order(hunt: Hunt) -> Found:
    """Of a grid search each combination, of a random one as many as the budget has."""
    found = hunt.evaluate(hunt.in_time([Candidate(n, chosen) for n, chosen in enumerate(hunt.settings())]))
    return found, found


def _halving(hunt: Hunt) -> Found:
    """Successive halving of scikit-learn, on rows: min_resources "exhaust", factor 3."""
    chosen: Sequence[dict[str, Any]] = list(hunt.settings())
    sizes = _round_sizes(len(chosen))
    smallest = min(hunt.rows, 2 * hunt.request.cv * max(hunt.classes, 1))
    rows = max(smallest, hunt.rows // FACTOR ** (len(sizes) - 1))
    rounds = min(len(sizes), 1 + math.floor(math.log(hunt.rows // rows, FACTOR)))
    found: list[CandidateResult] = []
    last: list[CandidateResult] = []
    for turn in range(rounds):
        here = min(rows * FACTOR**turn, hunt.rows)
        candidates = [Candidate(len(found) + place, each, here) for place, each in enumerate(chosen)]
        round_ = hunt.evaluate(hunt.in_time(candidates))
        found += round_
        if len(round_) < len(candidates):  # out of time: what was tried on most rows decides, if there is any
            return found, round_ if any(not np.isnan(each.mean_score) for each in round_) else last
        last = round_
        chosen = [round_[place].hyperparameters for place in _best([r.mean_score for r in round_])]  # type: ignore[misc]
    return found, last


def _best(scores: Sequence[float]) -> list[int]:
    """Places of the best third, rounded up, the best one last, as scikit-learn keeps them."""
    ranked = np.roll(np.argsort(scores), np.count_nonzero(np.isnan(scores)))
    return [int(place) for place in ranked[-math.ceil(len(scores) / FACTOR) :]]


def _round_sizes(candidates: int) -> list[int]:
    """Candidates of each round, until fewer than FACTOR are left."""
    sizes = [candidates]
    while len(sizes) <= math.log(candidates, FACTOR):
        sizes.append(math.ceil(sizes[-1] / FACTOR))
    return sizes


def _optuna(hunt: Hunt) -> Found:
    """Optuna thinks of ROUND candidates at a time, however many workers there are, and is told of all.

    What is included is its first trial, unless it is not of the space: then it is tried beside Optuna.
    """
    if combinations_of(hunt.space) <= hunt.most:
        return _in_order(hunt)
    study, included = hunt.study(), hunt.included
    most = hunt.most + (included is not None)
    found: list[CandidateResult] = []
    if included is not None and not study.enqueue(included, hunt.space):
        found += hunt.evaluate([Candidate(0, included)])
    beside = len(found)
    while len(found) < most:
        trials = study.trials(len(found) - beside, min(ROUND, most - len(found)), hunt.space)
        candidates = [Candidate(beside + trial.number, trial.choices) for trial in trials]
        round_ = hunt.evaluate(hunt.in_time(candidates))
        for result in round_:
            study.tell(result.number - beside, result.mean_score)
        found += round_
        if len(round_) < len(candidates):
            break
    return found, found


METHODS: dict[Method, Callable[[Hunt], Found]] = {
    "grid": _in_order,
    "random": _in_order,
    "halving": _halving,
    "optuna": _optuna,
}


def _drawn(hunt: Hunt) -> Iterator[dict[str, Any]]:
    """Every combination in scikit-learn's order if there are no more than may be tried, or else some."""
    if combinations_of(hunt.space) <= hunt.most:
        yield from ParameterGrid(dict(hunt.space))
        return
    # Of lists alone scikit-learn draws without repeating, and cannot count that far.
    is_vast = combinations_of(hunt.space) > VAST
    parts = {
        name: _Drawn(part) if isinstance(part, Range) else _Picked(part) if is_vast else part
        for name, part in hunt.space.items()
    }
    yield from ParameterSampler(parts, hunt.most, random_state=SEED)


@dataclass(frozen=True)
class _Drawn:
    """A range, as scikit-learn draws from it."""

    part: Range

    def rvs(self, random_state: np.random.RandomState) -> float | int:
        low, high = self.part.low, self.part.high + (1 if self.part.integers else 0)
        share = float(random_state.uniform())
        value = low * (high / low) ** share if self.part.log else low + share * (high - low)
        return min(int(value), int(self.part.high)) if self.part.integers else value


@dataclass(frozen=True)
class _Picked:
    """A list, as scikit-learn draws from what it does not know to be one."""

    values: Sequence[Any]

    def rvs(self, random_state: np.random.RandomState) -> Any:
        return self.values[random_state.randint(len(self.values))]


def share_of(budget: Budget | None, began: float, models_left: int) -> float:
    """Seconds that the next model may take; began: of time.monotonic."""
    if budget is None or budget.seconds is None:
        return math.inf
    return max(0.0, began + budget.seconds - time.monotonic()) / models_left
