"""What is said about experiments."""

from datetime import timedelta
from typing import cast

import pytest

from tests.audit import AuditedUnit
from tests.callers import ALICE
from tests.unit.tracking.fakes import NOON, FakeMlflow, make_experiment, make_run
from tracking.persistence.model.experiment import Run
from tracking.persistence.repository.experiment_store import ExperimentNotFoundError
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.experiments import ExperimentService, NoBestRunError, NoRunsError


def service(*runs: Run) -> ExperimentService:
    """A service over experiment 1 with these runs, and experiment 2 without any."""
    return make_service(list(runs), AuditedUnit())


def make_service(runs: list[Run], unit: AuditedUnit) -> ExperimentService:
    """The same, with a trail."""
    mlflow = FakeMlflow([make_experiment("1"), make_experiment("2")], runs)
    return ExperimentService(mlflow, lambda: mlflow, lambda: cast(TrackingUnitOfWork, unit))


def test_who_deleted_an_experiment_is_kept_once_it_is_deleted() -> None:
    unit = AuditedUnit()
    experiments = make_service([], unit)
    experiments.delete("1", caller=ALICE)
    with pytest.raises(ExperimentNotFoundError):
        experiments.delete("1", caller=ALICE)
    assert unit.committed == [("delete_experiment", "1", "alice", None)]


def test_the_list_counts_runs_and_says_zero() -> None:
    listed = service(make_run("a"), make_run("b")).all()
    assert [(entry["experiment_id"], entry["run_count"]) for entry in listed] == [("1", 2), ("2", 0)]


def test_general_takes_completion_times_of_completed_runs_only() -> None:
    general = service(
        make_run("a", ended_at=NOON + timedelta(hours=1)),
        make_run("b", ended_at=NOON + timedelta(hours=2)),
        make_run("c", ended_at=NOON + timedelta(hours=3), status="FAILED"),
        make_run("d", ended_at=None, status="RUNNING"),
    ).general("1")
    assert general["experiment_runs"] == {
        "number_of_runs": 4,
        "completed_runs": 2,
        "failed_runs": 1,
        "active_runs": 1,
        "stopped_runs": 0,
        "first_run_completed": "2024-10-30 13:00:00",
        "last_run_completed": "2024-10-30 14:00:00",
    }
    assert general["experiment_info"]["data_creation"] == "2024-10-30 12:00:00"


def test_general_of_runs_still_going_has_no_completion_times() -> None:
    runs = service(make_run("a", ended_at=None, status="RUNNING")).general("1")["experiment_runs"]
    assert runs["first_run_completed"] is None
    assert runs["last_run_completed"] is None


@pytest.mark.parametrize(
    ("metrics", "best"),
    [
        (["model_accuracy"], "accurate"),
        (["system_execution_time"], "quick"),
        (["system_cpu_usage", "model_accuracy"], "accurate"),
        (["system_cpu_usage", "system_execution_time"], "quick"),
    ],
)
def test_the_first_metric_decides_and_system_metrics_are_better_when_lower(
    metrics: list[str], best: str
) -> None:
    accurate = make_run(
        "accurate", metrics={"model_accuracy": 0.9, "system_execution_time": 5.0, "system_cpu_usage": 90.0}
    )
    quick = make_run(
        "quick", metrics={"model_accuracy": 0.8, "system_execution_time": 1.0, "system_cpu_usage": 90.0}
    )
    assert service(quick, accurate).best_run("1", metrics)["run_id"] == best


def test_the_best_run_shows_the_asked_metrics_only() -> None:
    run = make_run("a", metrics={"model_accuracy": 0.9, "model_recall": 0.8}, tags={"model_type": "SVC"})
    assert service(run).best_run("1", ["model_accuracy"]) == {
        "run_id": "a",
        "run_name": "run a",
        "model": "SVC",
        "metrics": {"model_accuracy": 0.9},
    }


def test_of_equals_the_earliest_is_best() -> None:
    later = make_run("later", metrics={"model_accuracy": 0.9}, started_at=NOON + timedelta(minutes=1))
    earlier = make_run("earlier", metrics={"model_accuracy": 0.9})
    assert service(later, earlier).best_run("1", ["model_accuracy"])["run_id"] == "earlier"


def test_failed_runs_and_values_that_are_no_numbers_are_never_best() -> None:
    runs = service(
        make_run("failed", metrics={"model_accuracy": 1.0}, status="FAILED"),
        make_run("nan", metrics={"model_accuracy": float("nan")}),
        make_run("a", metrics={"model_accuracy": 0.5}),
    )
    assert runs.best_run("1", ["model_accuracy"])["run_id"] == "a"


MLFLOWS_INFINITY = 1.7976931348623157e308  # what MLflow keeps in place of an infinite value


@pytest.mark.parametrize("value", [MLFLOWS_INFINITY, -MLFLOWS_INFINITY, float("inf"), float("-inf")])
@pytest.mark.parametrize("metric", ["model_accuracy", "model_rmse"])
def test_an_infinite_metric_counts_as_not_there(value: float, metric: str) -> None:
    runs = service(make_run("infinite", metrics={metric: value}), make_run("a", metrics={metric: 0.9}))
    assert runs.best_run("1", [metric])["run_id"] == "a"
    (described,) = runs.statistics("1", [metric]).values()
    assert (described["max"], described["min"]) == (0.9, 0.9)


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED", "FAILED", "KILLED"])
def test_only_finished_runs_count(status: str) -> None:
    runs = service(
        make_run("other", metrics={"model_accuracy": 1.0}, status=status),
        make_run("a", metrics={"model_accuracy": 0.5}),
    )
    assert runs.best_run("1", ["model_accuracy"])["run_id"] == "a"
    assert runs.statistics("1", None)["accuracy"]["max"] == 0.5
    alone = service(make_run("other", metrics={"model_accuracy": 1.0}, status=status))
    assert alone.statistics("1", None) == {}
    with pytest.raises(NoBestRunError):
        alone.best_run("1", ["model_accuracy"])


def test_no_run_with_the_metric_is_not_found() -> None:
    with pytest.raises(NoBestRunError) as refusal:
        service(make_run("a")).best_run("1", ["model_accuracy"])
    assert "has the metric model_accuracy" in refusal.value.error
    assert "'filter'" in refusal.value.message


@pytest.mark.parametrize("metrics", [None, [], ["all"], ["all", "model_recall"]])
def test_all_statistics_are_five(metrics: list[str] | None) -> None:
    values = {
        "system_execution_time": 2.0,
        "model_accuracy": 0.9,
        "model_f1_score": 0.8,
        "model_precision": 0.7,
        "model_recall": 0.6,
        "system_cpu_usage": 50.0,
    }
    found = service(make_run("a", metrics=values)).statistics("1", metrics)
    assert {name: described["mean"] for name, described in found.items()} == {
        "duration": 2.0,
        "accuracy": 0.9,
        "f1_score": 0.8,
        "precision": 0.7,
        "recall": 0.6,
    }


def test_statistics_are_of_the_filters_names() -> None:
    found = service(make_run("a", metrics={"system_execution_time": 2.0, "model_recall": 0.5})).statistics(
        "1", ["system_execution_time"]
    )
    assert list(found) == ["duration"]


def test_an_experiment_without_runs_is_not_found() -> None:
    with pytest.raises(NoRunsError):
        service().general("2")
    with pytest.raises(ExperimentNotFoundError):
        service().general("3")


@pytest.mark.parametrize(
    ("metric", "best"),
    [("model_mae", "near"), ("model_rmse", "near"), ("model_max_error", "near"), ("model_r2", "near")],
)
def test_errors_are_better_when_lower_and_r2_when_higher(metric: str, best: str) -> None:
    errors = ("model_mae", "model_rmse", "model_max_error")
    near = make_run("near", metrics={**dict.fromkeys(errors, 10.0), "model_r2": 0.8})
    far = make_run("far", metrics={**dict.fromkeys(errors, 20.0), "model_r2": 0.2})
    assert service(far, near).best_run("1", [metric])["run_id"] == best


def test_a_metric_of_the_other_task_is_answered_with_those_that_there_are() -> None:
    run = make_run("a", metrics={"model_mae": 1.0, "model_r2": 0.5, "system_cpu_usage": 90.0})
    with pytest.raises(NoBestRunError) as refusal:
        service(run).best_run("1", ["model_accuracy"])
    assert "(its runs have model_mae, model_r2, system_cpu_usage)" in refusal.value.message


def test_all_statistics_of_a_regression_are_its_own() -> None:
    values = {"model_mae": 1.0, "model_rmse": 2.0, "model_r2": 0.5, "model_max_error": 3.0}
    run = make_run("a", metrics={**values, "system_execution_time": 1.0, "system_cpu_usage": 50.0})
    assert list(service(run).statistics("1", None)) == ["duration", "mae", "rmse", "r2", "max_error"]
