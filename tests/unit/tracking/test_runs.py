"""What is said about runs."""

import pytest

from tests.unit.tracking.fakes import FakeMlflow, make_experiment, make_run
from tracking.persistence.repository.experiment_store import RunNotFoundError
from tracking.service.experiments import NoRunsError
from tracking.service.runs import RunOfAnotherExperimentError, RunService

PARAMS = {"data_samples": "106", "data_model_data": "x", "model_C": "1", "grid_search_C": "[1]"}
METRICS = {"model_accuracy": 0.9, "system_cpu_usage": float("inf")}


@pytest.fixture
def mlflow() -> FakeMlflow:
    """Two experiments; the first has a run."""
    run = make_run("a", params=PARAMS, metrics=METRICS)
    return FakeMlflow([make_experiment("1"), make_experiment("2")], [run])


def test_the_prefix_is_stripped_once_at_the_front(mlflow: FakeMlflow) -> None:
    assert RunService(mlflow).parameters("1", "a", "data") == {"samples": "106", "model_data": "x"}
    assert RunService(mlflow).parameters("1", "a", "grid_search") == {"C": "[1]"}


def test_a_metric_that_is_no_number_is_null(mlflow: FakeMlflow) -> None:
    assert RunService(mlflow).metrics("1", "a", "system") == {"cpu_usage": None}
    assert RunService(mlflow).metrics("1", "a", "model") == {"accuracy": 0.9}


def test_a_run_of_another_experiment_is_not_found(mlflow: FakeMlflow) -> None:
    with pytest.raises(RunOfAnotherExperimentError):
        RunService(mlflow).delete("2", "a")
    assert mlflow.held_runs


def test_a_deleted_run_is_not_found_again(mlflow: FakeMlflow) -> None:
    RunService(mlflow).delete("1", "a")
    with pytest.raises(RunNotFoundError):
        RunService(mlflow).delete("1", "a")


def test_runs_of_an_experiment_without_any_are_not_found(mlflow: FakeMlflow) -> None:
    with pytest.raises(NoRunsError):
        RunService(mlflow).all("2")


def test_unknown_types_are_called_so(mlflow: FakeMlflow) -> None:
    (run,) = RunService(mlflow).all("1")
    assert run["tags"] == {"model_type": "Unknown", "experiment_type": "Unknown"}
