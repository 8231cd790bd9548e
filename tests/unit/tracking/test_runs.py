"""What is said about runs."""

from typing import cast

import pytest

from tests.audit import AuditedUnit
from tests.callers import ALICE
from tests.unit.tracking.fakes import FakeMlflow, make_experiment, make_run
from tracking.persistence.repository.experiment_store import RunNotFoundError
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.experiments import NoRunsError
from tracking.service.runs import RunOfAnotherExperimentError, RunService

PARAMS = {"data_samples": "106", "data_model_data": "x", "model_C": "1", "grid_search_C": "[1]"}
METRICS = {"model_accuracy": 0.9, "system_cpu_usage": float("inf")}


@pytest.fixture
def mlflow() -> FakeMlflow:
    """Two experiments; the first has a run."""
    run = make_run("a", params=PARAMS, metrics=METRICS)
    return FakeMlflow([make_experiment("1"), make_experiment("2")], [run])


def make_service(mlflow: FakeMlflow, unit: AuditedUnit | None = None) -> RunService:
    """The service on fakes."""
    return RunService(mlflow, lambda: mlflow, lambda: cast(TrackingUnitOfWork, unit or AuditedUnit()))


def test_who_deleted_a_run_is_kept_once_it_is_deleted(mlflow: FakeMlflow) -> None:
    unit = AuditedUnit()
    make_service(mlflow, unit).delete("1", "a", caller=ALICE)
    with pytest.raises(RunNotFoundError):
        make_service(mlflow, unit).delete("1", "a", caller=ALICE)
    assert unit.committed == [("delete_run", "a", "alice", None)]


def test_the_prefix_is_stripped_once_at_the_front(mlflow: FakeMlflow) -> None:
    assert make_service(mlflow).parameters("1", "a", "data") == {"samples": "106", "model_data": "x"}
    assert make_service(mlflow).parameters("1", "a", "grid_search") == {"C": "[1]"}


def test_a_metric_that_is_no_number_is_null(mlflow: FakeMlflow) -> None:
    assert make_service(mlflow).metrics("1", "a", "system") == {"cpu_usage": None}
    assert make_service(mlflow).metrics("1", "a", "model") == {"accuracy": 0.9}


def test_a_run_of_another_experiment_is_not_found(mlflow: FakeMlflow) -> None:
    with pytest.raises(RunOfAnotherExperimentError):
        make_service(mlflow).delete("2", "a", caller=ALICE)
    assert mlflow.held_runs


def test_a_deleted_run_is_not_found_again(mlflow: FakeMlflow) -> None:
    make_service(mlflow).delete("1", "a", caller=ALICE)
    with pytest.raises(RunNotFoundError):
        make_service(mlflow).delete("1", "a", caller=ALICE)


def test_runs_of_an_experiment_without_any_are_not_found(mlflow: FakeMlflow) -> None:
    with pytest.raises(NoRunsError):
        make_service(mlflow).all("2")


def test_unknown_types_are_called_so(mlflow: FakeMlflow) -> None:
    (run,) = make_service(mlflow).all("1")
    assert run["tags"] == {"model_type": "Unknown", "experiment_type": "Unknown"}
