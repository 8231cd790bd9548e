"""Has the fits of one candidate after the other made by workers, all of whom are kept busy.

Fits are handed out in batches that take a fifth of a second: quick ones cost no time on the way, and slow
ones are reported one by one.
"""

import operator
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tracking.persistence.model.engine import WorkerLostError, Workers
from tracking.persistence.model.search import CandidateResult, FitKey, FitResult
from tracking.service.fits import Fit, Material, do_fits
from tracking.service.kept_fits import KeptFits

BATCH_S = 0.2
TRIES = 3  # of a fit whose worker dies: it may be the machine that is at fault
LOOK_S = 1.0
DIED = "the process that fitted it died, perhaps for want of memory"
MANY = 10**9


@dataclass(frozen=True)
class Candidate:
    """To be evaluated. number: of the model, from 0. rows: of all folds together, None for all there are."""

    number: int
    hyperparameters: Mapping[str, Any]
    rows: int | None = None


class Crew:
    """Hands tasks to workers, and hands what comes back to whoever asked, in the caller's own thread."""

    def __init__(self, workers: Workers) -> None:
        self.slots = workers.slots
        self._workers = workers
        self._open: dict[Future[Any], Callable[[Future[Any]], None]] = {}

    def ask(self, then: Callable[[Future[Any]], None], task: Callable[..., Any], *arguments: Any) -> None:
        """Have it done; `then` is called in a later turn."""
        self._open[self._workers.submit(task, *arguments)] = then

    def turn(self) -> bool:
        """Hand out what has come back, waiting for a while if nothing has; whether anything is left."""
        done, _ = wait(self._open, LOOK_S, FIRST_COMPLETED)
        for future in done:
            self._open.pop(future)(future)
        return bool(self._open)


class Evaluator:
    """Evaluates candidates. told: is called with the number of new fits, at least every LOOK_S."""

    def __init__(self, crew: Crew, material: Material, kept: KeptFits, told: Callable[[int], None]) -> None:
        self._crew = crew
        self._material = material
        self._kept = kept
        self._told = told
        self.cpu_seconds: Counter[str] = Counter()

    def evaluate(self, model_name: str, candidates: Iterable[Candidate]) -> list[CandidateResult]:
        """All of them, each on every fold; taken from the iterable when workers are free for them."""
        work = _Work(model_name, candidates, self._material, self._kept.known)
        while True:
            while work.in_flight < 2 * self._crew.slots and (batch := work.batch(self._crew.slots)):
                self._crew.ask(partial(self._came_back, work, batch), do_fits, batch)
            self._told(work.news())
            if not work.in_flight:
                return work.results()
            self._crew.turn()

    def _came_back(self, work: "_Work", batch: list[Fit], future: Future[list[FitResult]]) -> None:
        try:
            results = future.result()
        except WorkerLostError:
            given_up = work.take_back(batch)
            results = [FitResult(np.nan, 0, 0, "fit", DIED)] * len(given_up)
            batch = given_up
        else:
            work.in_flight -= 1
        for fit, result in zip(batch, results, strict=True):
            work.keep(fit, result)
            self._kept.add(fit.key, result)
            self.cpu_seconds[work.model_name] += result.cpu_seconds  # type: ignore[assignment]  # typeshed: int


class _Work:
    """The fits of one call, as far as they have got. in_flight: batches that workers have."""

    def __init__(
        self,
        model_name: str,
        candidates: Iterable[Candidate],
        material: Material,
        known: Mapping[FitKey, FitResult],
    ) -> None:
        self.model_name = model_name
        self.in_flight = 0
        self._folds = len(material.folds)
        self._all_rows = len(material.training.target)
        self._source = iter(candidates)
        self._known = known
        self._waiting: deque[Fit] = deque()
        self._alone: deque[Fit] = deque()  # those whose batch has lost its worker
        self._deaths: Counter[FitKey] = Counter()
        self._begun: dict[int, Candidate] = {}
        self._made: dict[tuple[int, int], FitResult] = {}
        self._seconds: float | None = None  # that a fit takes, the last ones counting most
        self._told = 0

    def batch(self, slots: int) -> list[Fit]:
        """The next fits for one worker, none if all have been handed out."""
        if self._alone:
            batch = [self._alone.popleft()]
        else:
            length = self._length(slots)
            while len(self._waiting) < length and self._take_candidate():
                pass
            batch = [self._waiting.popleft() for _ in range(min(length, len(self._waiting)))]
        self.in_flight += bool(batch)
        return batch

    def keep(self, fit: Fit, result: FitResult) -> None:
        """What came of a fit."""
        self._made[fit.key.candidate, fit.key.fold] = result
        self._seconds = 0.7 * (self._seconds or result.seconds) + 0.3 * result.seconds

    def take_back(self, batch: list[Fit]) -> list[Fit]:
        """A batch whose worker has died: one by one they show which it was. Those that are given up."""
        self.in_flight -= 1
        if len(batch) > 1:
            self._alone.extend(batch)
            return []
        self._deaths[batch[0].key] += 1
        if self._deaths[batch[0].key] >= TRIES:
            return batch
        self._alone.append(batch[0])
        return []

    def news(self) -> int:
        """How many fits have been made since this was last asked."""
        new = len(self._made) - self._told
        self._told = len(self._made)
        return new

    def results(self) -> list[CandidateResult]:
        """Of all candidates that were begun, in their order."""
        return [self._result(candidate) for candidate in self._begun.values()]

    def _length(self, slots: int) -> int:
        """As many as take BATCH_S; of the last ones fewer, so that every worker has some."""
        if self._seconds is None:
            return 1
        left = len(self._waiting) + self._folds * operator.length_hint(self._source, MANY)
        return max(1, min(int(BATCH_S / max(self._seconds, 1e-6)), left // (2 * slots)))

    def _take_candidate(self) -> bool:
        candidate = next(self._source, None)
        if candidate is None:
            return False
        self._begun[candidate.number] = candidate
        for fit in self._fits(candidate):
            known = self._known.get(fit.key)
            if known is None:
                self._waiting.append(fit)
            else:
                self._made[candidate.number, fit.key.fold] = known
        return True

    def _fits(self, candidate: Candidate) -> Iterator[Fit]:
        for fold in range(self._folds):
            key = FitKey(self.model_name, candidate.number, fold)
            yield Fit(key, candidate.hyperparameters, candidate.rows)

    def _result(self, candidate: Candidate) -> CandidateResult:
        fits = [self._made[candidate.number, fold] for fold in range(self._folds)]
        scores = np.array([fit.score for fit in fits])
        failed = next((fit for fit in fits if fit.failed_part), None)
        return CandidateResult(
            number=candidate.number,
            hyperparameters=candidate.hyperparameters,
            scores=tuple(scores.tolist()),
            mean_score=float(np.average(scores)),
            std_score=float(np.std(scores)),
            fit_seconds=sum(fit.seconds for fit in fits),
            rows=candidate.rows or self._all_rows,
            reason=None if failed is None else failed.reason,
            failed_part=None if failed is None else failed.failed_part,
        )
