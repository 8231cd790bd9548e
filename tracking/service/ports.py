"""What the services ask of MLflow; tests put one fake in its place."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from fleet.caller import Caller
from fleet.paging import Page, PageRequest
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.model.search import NewExperiment, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.job_runs import Ended
from tracking.persistence.repository.ml_model_client import ModelToSet
from tracking.persistence.repository.search_log import RecordedSearches


class Experiments(Protocol):
    """Single experiments and runs, without the deleted ones; see ExperimentStore."""

    def experiment(self, experiment_id: str) -> Experiment: ...

    def delete_experiment(self, experiment_id: str) -> None: ...

    def run(self, run_id: str) -> Run: ...

    def delete_run(self, run_id: str) -> None: ...


class Lists(Protocol):
    """Lists of the same; see DatabaseLists, which is quick, and MlflowLists, which needs no database."""

    def experiments(self) -> list[Experiment]: ...

    def experiment_page(self, asked: PageRequest) -> Page[Experiment]: ...

    def run_counts(self, experiment_ids: Sequence[str]) -> Counter[str]: ...

    def runs(self, experiment_id: str, wanted: Wanted) -> list[Run]: ...

    def run_page(self, experiment_id: str, asked: PageRequest, wanted: Wanted) -> Page[Run]: ...

    def best_runs(self, use_case: str, metric: str, limit: int, wanted: Wanted) -> list[Run]: ...


class Log(Protocol):
    """Where the searches of a job are recorded; see SearchLog."""

    def check_name(self, name: str) -> None: ...

    def snapshot_of(self, job_id: str, name: str) -> int | None: ...

    def begin(
        self,
        job_id: str,
        experiment: NewExperiment,
        request: SearchRequest,
        training: TrainingSet,
        caller: Caller,
    ) -> RecordedSearches: ...

    def finish(self, job_id: str, search: SavedSearch) -> None: ...

    def fail(self, job_id: str, model_name: str, reason: str) -> None: ...

    def end(self, job_id: str, status: Ended, reason: str) -> None: ...

    def challenge(self, job_id: str, use_case: str, best: str) -> None: ...

    def add_pictures(self, job_id: str, search: SavedSearch) -> None: ...


class MlModel(Protocol):
    """The service ml_model; see MlModelClient."""

    def set_model(self, model: ModelToSet, *, caller: Caller, key: str | None = None) -> dict[str, Any]: ...

    def train_candidate(
        self, model: ModelToSet, snapshot_id: int | None, *, caller: Caller, key: str | None = None
    ) -> dict[str, Any]: ...


class Champions(Protocol):
    """Whose model a use case's deployed one is; see UseCaseModels."""

    def crown(self, use_case: str, run_id: str, deployment_id: object) -> None: ...
