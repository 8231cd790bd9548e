"""Records the searches of a request that is no job: its recording counts as one."""

import math
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial

from fleet.caller import Caller
from fleet.errors import UnavailableError
from tracking.persistence.model.search import NewExperiment, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.search_log import RecordedSearches, SearchLog

Held = Callable[[str], AbstractContextManager[Callable[[], None]]]

MAX_THREADS = 4
FAILED = "MLflow failed while the run was recorded"


class Recorder:
    """make_log: a log for one recording. held: says that one is being made, until the block ends.

    settle_later: called when MLflow is away, so that runs may be left RUNNING.
    """

    def __init__(
        self, make_log: Callable[[], SearchLog], held: Held, settle_later: Callable[[], None]
    ) -> None:
        self._make_log = make_log
        self._held = held
        self._settle_later = settle_later

    def check_name(self, name: str) -> None:
        """Raises ExperimentDeletedError if an experiment of that name was deleted."""
        self._make_log().check_name(name)

    def record(
        self,
        experiment: NewExperiment,
        request: SearchRequest,
        searches: Sequence[SavedSearch],
        training: TrainingSet,
        caller: Caller,
    ) -> RecordedSearches:
        """Record them as the caller's; of what fails half-way the runs are FAILED.

        Raises ExperimentDeletedError, MlflowUnavailableError.
        """
        job_id, log = uuid.uuid4().hex, self._make_log()
        try:
            with self._held(job_id) as check_held:
                recorded = log.begin(job_id, experiment, request, training, caller)
                with ThreadPoolExecutor(MAX_THREADS) as threads:
                    list(threads.map(partial(log.finish, job_id), searches))
                check_held()
                best = max(searches, key=_best_score)
                log.challenge(job_id, training.use_case, best.model_name)
        except Exception:
            self._end(log, job_id)
            raise
        return recorded

    def _end(self, log: SearchLog, job_id: str) -> None:
        try:
            log.end(job_id, "FAILED", FAILED)
        except UnavailableError:
            self._settle_later()


def _best_score(search: SavedSearch) -> float:
    scores = (candidate.mean_score for candidate in search.candidates)
    return max(filter(math.isfinite, scores), default=-math.inf)
