"""Stand-ins for what is remote: one for MLflow, one for ml_model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fleet.caller import Caller
from fleet.paging import Page, PageRequest
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.model.search import NewExperiment, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.experiment_store import ExperimentNotFoundError, RunNotFoundError
from tracking.persistence.repository.job_runs import Ended
from tracking.persistence.repository.ml_model_client import ModelToSet
from tracking.persistence.repository.search_log import ExperimentDeletedError, RecordedSearches

NOON = datetime(2024, 10, 30, 12, tzinfo=UTC)


def make_experiment(experiment_id: str = "1") -> Experiment:
    """An active experiment made at noon."""
    return Experiment(
        experiment_id, f"experiment {experiment_id}", "mlflow-artifacts:/1", "active", {}, NOON, NOON
    )


def make_run(run_id: str, **fields: Any) -> Run:
    """A finished run of experiment 1, unless told otherwise."""
    values = {
        "experiment_id": "1",
        "name": f"run {run_id}",
        "status": "FINISHED",
        "started_at": NOON,
        "ended_at": NOON,
        **fields,
    }
    return Run(run_id=run_id, **values)


@dataclass
class FakeMlflow:
    """Experiments and runs in memory, and a list of what was recorded."""

    held: list[Experiment] = field(default_factory=list)
    held_runs: list[Run] = field(default_factory=list)
    deleted_names: set[str] = field(default_factory=set)
    recorded: list[tuple[NewExperiment, list[SavedSearch]]] = field(default_factory=list)
    ended: list[tuple[str, str, str]] = field(default_factory=list)
    challengers: list[tuple[str, str]] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    snapshots: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def experiments(self) -> list[Experiment]:
        return self.held

    def experiment(self, experiment_id: str) -> Experiment:
        for experiment in self.held:
            if experiment.experiment_id == experiment_id:
                return experiment
        raise ExperimentNotFoundError(experiment_id)

    def delete_experiment(self, experiment_id: str) -> None:
        self.held.remove(self.experiment(experiment_id))

    def run_counts(self, experiment_ids: Sequence[str]) -> Counter[str]:
        return Counter(run.experiment_id for run in self.held_runs if run.experiment_id in experiment_ids)

    def runs(self, experiment_id: str, wanted: Wanted) -> list[Run]:
        return [run for run in self.held_runs if run.experiment_id == experiment_id]

    def experiment_page(self, asked: PageRequest) -> Page[Experiment]:
        return Page(self.held[: asked.limit], None)

    def run_page(self, experiment_id: str, asked: PageRequest, wanted: Wanted) -> Page[Run]:
        return Page(self.runs(experiment_id, wanted)[: asked.limit], None)

    def best_runs(self, use_case: str, metric: str, limit: int, wanted: Wanted) -> list[Run]:
        return self.held_runs[:limit]

    def run(self, run_id: str) -> Run:
        for run in self.held_runs:
            if run.run_id == run_id:
                return run
        raise RunNotFoundError(run_id)

    def delete_run(self, run_id: str) -> None:
        self.held_runs.remove(self.run(run_id))

    def check_name(self, name: str) -> None:
        if name in self.deleted_names:
            raise ExperimentDeletedError(name)

    def begin(
        self,
        job_id: str,
        experiment: NewExperiment,
        request: SearchRequest,
        training: TrainingSet,
        caller: Caller,
    ) -> RecordedSearches:
        self.recorded.append((experiment, []))
        self.snapshots.setdefault((job_id, experiment.name), training.snapshot_id)
        return RecordedSearches("1", {model: f"run of {model}" for model in request.models})

    def snapshot_of(self, job_id: str, name: str) -> int | None:
        return self.snapshots.get((job_id, name))

    def finish(self, job_id: str, search: SavedSearch) -> None:
        self.recorded[-1][1].append(search)

    def fail(self, job_id: str, model_name: str, reason: str) -> None:
        self.ended.append((model_name, "FAILED", reason))

    def end(self, job_id: str, status: Ended, reason: str) -> None:
        self.ended.append(("all", status, reason))

    def challenge(self, job_id: str, use_case: str, best: str) -> None:
        self.challengers.append((use_case, best))

    def add_pictures(self, job_id: str, search: SavedSearch) -> None:
        self.drawn.append(search.model_name)


@dataclass
class FakeMlModel:
    """Keeps what it is told to set."""

    models: list[ModelToSet] = field(default_factory=list)

    def set_model(self, model: ModelToSet, *, caller: Caller, key: str | None = None) -> dict[str, Any]:
        self.models.append(model)
        return {
            "message": "Model successfully uploaded",
            "deployment_id": 7,
            "request_id": caller.request_id,
        }

    def train_candidate(
        self, model: ModelToSet, snapshot_id: int | None, *, caller: Caller, key: str | None = None
    ) -> dict[str, Any]:
        self.models.append(model)
        return {"id": 8, "snapshot_id": snapshot_id}


@dataclass
class FakeChampions:
    """Keeps who was crowned. error: raised then."""

    error: Exception | None = None
    crowned: list[tuple[str, str, object]] = field(default_factory=list)

    def crown(self, use_case: str, run_id: str, deployment_id: object) -> None:
        if self.error is not None:
            raise self.error
        self.crowned.append((use_case, run_id, deployment_id))
