"""The loop as the interface describes it, from loading to retraining, over HTTP."""

import re
from typing import Any

import mlflow
import pytest

from client.experiments import BestRun, Search
from client.ml_model import Score
from client.monitoring import KeptSummary
from client.simulator import SetName
from tests.e2e.conftest import Stack
from tests.mlflow_server import mlflow_at
from tests.wine_search import WINE_SEARCH

pytestmark = pytest.mark.e2e

SEARCH: dict[str, Any] = {
    **WINE_SEARCH,
    "experiment_name": "wine_test_1",
    "experiment_description": "Wine",
    "experiment_owner": "Tester",
}
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
STATISTICS = {"mean", "median", "std_dev", "variance", "min", "max", "mode", "iqr"}
GROUPS = [
    "data_drift",
    "data_quality",
    "data_stability",
    "no_target_performance",
    "multi_class_classification",
]


@pytest.fixture(scope="module")
def loaded(stack: Stack) -> Stack:
    sizes: dict[SetName, int] = {"dataset": 3, "production": 36, "training": 106, "testing": 36}
    for name, rows in sizes.items():
        answer = stack.fleet.simulator.load(name)
        assert (answer.message, answer.rows) == (f"Load {name} set", rows)
    return stack


@pytest.fixture(scope="module")
def searched(loaded: Stack) -> Search:
    """Of the request that people have in their collections, as it is."""
    answer = loaded.post("tracking", "/model_management", **SEARCH)
    assert answer.status_code == 201, answer.text
    assert answer.json()["message"] == "Experiments retrieved successfully"
    found = Search.model_validate(answer.json()["data"])
    assert set(found.run_ids) == set(SEARCH["models"])
    return found


@pytest.fixture(scope="module")
def scored(loaded: Stack, searched: Search) -> Stack:
    """The best model, set from its run, trained, and scored on testing and production."""
    fleet = loaded.fleet
    answer = fleet.tracking.set_model(best_run(loaded, searched).run_id)
    assert answer.message == "Model successfully uploaded"
    for score in (
        fleet.ml_model.train(),
        fleet.ml_model.score("testing"),
        fleet.ml_model.score("production"),
    ):
        assert accuracy(score) > 0.9
    return loaded


def best_run(stack: Stack, searched: Search) -> BestRun:
    return stack.fleet.tracking.best_run(searched.experiment_id, ["model_accuracy", "model_f1_score"])


def accuracy(score: Score) -> float:
    assert score.score is not None, score
    return score.score


def test_the_simulator_describes_what_it_loaded(loaded: Stack) -> None:
    assert loaded.call("GET", "simulator").json() == {
        "name": "DataSimulator",
        "message": "Simulator",
        "sets": {"training": 106, "testing": 36, "production": 36},
    }


def test_an_unscaled_search_gives_the_figures_of_the_reference(loaded: Stack) -> None:
    tracking = loaded.fleet.tracking
    found = tracking.optimise(
        WINE_SEARCH["models"],
        WINE_SEARCH["hyperparameters"],
        scoring="accuracy",
        cv=5,
        preprocessing="none",
        experiment_name="wine_unscaled",
    )
    metrics = tracking.metrics(found.experiment_id, found.run_ids["LogisticRegression"], "model")
    assert {name: round(value or 0, 6) for name, value in metrics.items()} == {
        "accuracy": 0.924528,
        "f1_score": 0.923742,
        "precision": 0.925799,
        "recall": 0.924528,
    }


def test_the_best_model_is_better_than_19_in_20(loaded: Stack, searched: Search) -> None:
    best = best_run(loaded, searched)
    assert best.run_id in searched.run_ids.values()
    assert best.model in SEARCH["models"]
    assert best.run_name == f"{best.model} Grid_Search_Opt and CV_Performance"
    assert set(best.metrics) == {"model_accuracy", "model_f1_score"}
    assert best.metrics["model_accuracy"] > 0.95


def test_an_experiment_is_listed_and_described(loaded: Stack, searched: Search) -> None:
    experiments = loaded.fleet.tracking.experiments(page_size=1)
    ours = next(each for each in experiments if each.experiment_id == searched.experiment_id)
    assert (ours.name, ours.lifecycle_stage) == ("wine_test_1", "active")
    assert ours.run_count >= 3
    general = loaded.post(
        "tracking",
        "/experiments",
        experiment_id=int(searched.experiment_id),
        request_information="general",
    ).json()
    assert general["message"] == "Information Retrieved"
    info, runs = general["data"]["experiment_info"], general["data"]["experiment_runs"]
    assert info["experiment_name"] == "wine_test_1"
    assert (info["tags"]["description"], info["tags"]["owner"]) == ("Wine", "Tester")
    assert runs["completed_runs"] == runs["number_of_runs"]
    times = [
        info["data_creation"],
        info["last_updated"],
        runs["first_run_completed"],
        runs["last_run_completed"],
    ]
    assert all(TIME.fullmatch(time) for time in times)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["all"], {"duration", "accuracy", "f1_score", "precision", "recall"}),
        (None, {"duration", "accuracy", "f1_score", "precision", "recall"}),
        (["model_recall", "system_execution_time"], {"recall", "duration"}),
    ],
)
def test_statistics_are_those_of_the_filter(
    loaded: Stack, searched: Search, asked: list[str] | None, given: set[str]
) -> None:
    body = {"experiment_id": searched.experiment_id, "request_information": "statistics", "filter": asked}
    answer = loaded.post(
        "tracking", "/experiments", **{k: v for k, v in body.items() if v is not None}
    ).json()
    assert answer["message"] == "Statistics Retrieved"
    assert set(answer["data"]) == given
    assert all(set(statistics) == STATISTICS for statistics in answer["data"].values())


def test_runs_are_listed_with_their_parameters_and_metrics(loaded: Stack, searched: Search) -> None:
    tracking, experiment, run_id = loaded.fleet.tracking, searched.experiment_id, searched.run_ids["SVC"]
    listed = loaded.call("GET", "tracking", "/runs", params={"experiment_id": experiment}).json()
    assert listed["message"] == "Experiment Runs Retrieved"
    run = next(r for r in listed["data"] if r["run_id"] == run_id)
    assert run["tags"] == {"model_type": "SVC", "experiment_type": "GridSearch_CrossValidation"}
    assert run["status"] == "FINISHED"
    assert TIME.fullmatch(run["end_time"])
    paged = list(tracking.runs(experiment, page_size=2))
    assert [each.run_id for each in paged] == [each["run_id"] for each in listed["data"]]
    assert paged[0].end_time is not None

    assert tracking.parameters(experiment, run_id, "data") == {
        "classes": "3",
        "features": "13",
        "samples": "106",
    }
    assert set(tracking.parameters(experiment, run_id, "model")) == {"C", "kernel", "gamma"}
    assert set(tracking.parameters(experiment, run_id, "grid_search")) == {
        *("C", "kernel", "gamma"),
        *("scoring", "cv_folds"),
    }
    assert set(tracking.metrics(experiment, run_id, "model")) == {
        "accuracy",
        "f1_score",
        "precision",
        "recall",
    }
    system = tracking.metrics(experiment, run_id, "system")
    assert (system["execution_time"] or 0) > 0
    assert (system["cpu_usage"] or 0) > 0


@pytest.mark.filterwarnings("ignore:.*MLflow doesn't validate the data for this type")  # its own import warns
def test_a_registered_model_predicts_through_mlflow_itself(loaded: Stack, searched: Search) -> None:
    with mlflow_at(loaded.address("mlflow")):
        model = mlflow.pyfunc.load_model("models:/LogisticRegression/1")
    assert len(model.predict(model.input_example)) == len(model.input_example)


def test_what_was_searched_is_what_is_deployed(scored: Stack, searched: Search) -> None:
    best = best_run(scored, searched)
    parameters = scored.fleet.tracking.parameters(searched.experiment_id, best.run_id, "model")
    active = scored.fleet.ml_model.describe().active
    assert active is not None
    assert active.run_id == best.run_id
    assert active.model_name == best.model
    assert {name: str(value) for name, value in active.hyperparameters.items()} == parameters


def test_monitoring_gives_tests_summary_and_report(scored: Stack) -> None:
    assert scored.call("GET", "monitoring").json() == {"name": "EvidentlyAI", "message": "Monitoring"}
    monitoring = scored.fleet.monitoring
    tests = monitoring.tests().result.tests
    assert list(dict.fromkeys(check.group for check in tests)) == GROUPS
    summary = monitoring.summary()
    assert summary.result.total_tests == len(tests)
    assert sum(summary.result.by_status.values()) == len(tests)
    assert sum(summary.result.evidently.values()) == sum(check.source == "evidently" for check in tests)
    assert monitoring.report().result.metrics
    assert summary.result_id is not None
    kept = monitoring.result(summary.result_id)
    assert isinstance(kept.result, KeptSummary)
    assert kept.result.failed_tests == summary.result.failed_tests
    assert summary.result_id in [each.id for each in monitoring.results(page_size=1)]


def test_unfouled_production_shows_no_drift(scored: Stack) -> None:
    scored.fleet.simulator.load("production", fouling="none")
    scored.fleet.ml_model.score("production")
    summary = scored.fleet.monitoring.summary(["data_drift"]).result
    assert summary.all_passed, summary


def test_heavy_fouling_costs_accuracy_fails_the_summary_and_triggers_retraining(scored: Stack) -> None:
    fleet = scored.fleet
    testing = accuracy(fleet.ml_model.score("testing"))
    fleet.simulator.load("production", fouling="heavy")
    before = fleet.ml_model.score("production")
    assert accuracy(before) <= testing - 0.1
    judged = fleet.monitoring.summary(retrain=True)
    assert judged.result.all_passed is False
    assert judged.retraining is not None
    loop = fleet.monitoring.loop(judged.retraining.loop_id)
    assert loop.champion_id == before.deployment_id
    fleet.monitoring.abort_loop(loop.id)
