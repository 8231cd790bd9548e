"""The loop as the interface describes it, from loading to retraining, over HTTP."""

import re
from typing import Any

import mlflow
import pytest

from tests.e2e.conftest import Stack
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
    for name, rows in (("dataset", 3), ("production", 36), ("training", 106), ("testing", 36)):
        answer = stack.post("simulator", set_name=name)
        assert (answer.status_code, answer.json()) == (200, {"message": f"Load {name} set", "rows": rows})
    return stack


@pytest.fixture(scope="module")
def searched(loaded: Stack) -> dict[str, Any]:
    """What the optimisation answered."""
    answer = loaded.post("tracking", "/model_management", **SEARCH)
    assert answer.status_code == 201, answer.text
    assert answer.json()["message"] == "Experiments retrieved successfully"
    data: dict[str, Any] = answer.json()["data"]
    assert set(data["run_ids"]) == set(SEARCH["models"])
    return data


@pytest.fixture(scope="module")
def scored(loaded: Stack, searched: dict[str, Any]) -> Stack:
    """The best model, set from its run, trained, and scored on testing and production."""
    best = best_run(loaded, searched["experiment_id"])
    answer = loaded.post(
        "tracking", "/model_management", request_information="setting", run_id=best["run_id"]
    )
    assert (answer.status_code, answer.json()["message"]) == (200, "Model successfully uploaded")
    for dataset in ("training", "testing", "production"):
        assert loaded.post("ml_model", dataset=dataset).json()["score"] > 0.9
    return loaded


def best_run(stack: Stack, experiment_id: str) -> Any:
    answer = stack.post(
        "tracking",
        "/experiments",
        experiment_id=experiment_id,
        request_information="best_model",
        filter=["model_accuracy", "model_f1_score"],
    )
    assert answer.json()["message"] == "Best model and run retrieved successfully."
    return answer.json()["data"]


def test_the_simulator_describes_what_it_loaded(loaded: Stack) -> None:
    assert loaded.call("GET", "simulator").json() == {
        "name": "DataSimulator",
        "message": "Simulator",
        "sets": {"training": 106, "testing": 36, "production": 36},
    }


def test_an_unscaled_search_gives_the_figures_of_the_reference(loaded: Stack) -> None:
    search = {**SEARCH, "preprocessing": "none", "experiment_name": "wine_unscaled"}
    data = loaded.post("tracking", "/model_management", **search).json()["data"]
    run = {"experiment_id": data["experiment_id"], "run_id": data["run_ids"]["LogisticRegression"]}
    metrics = loaded.post("tracking", "/runs", **run, request_information="metrics", type="model").json()[
        "data"
    ]
    assert {name: round(value, 6) for name, value in metrics.items()} == {
        "accuracy": 0.924528,
        "f1_score": 0.923742,
        "precision": 0.925799,
        "recall": 0.924528,
    }


def test_the_best_model_is_better_than_19_in_20(loaded: Stack, searched: dict[str, Any]) -> None:
    best = best_run(loaded, searched["experiment_id"])
    assert best["run_id"] in searched["run_ids"].values()
    assert best["model"] in SEARCH["models"]
    assert best["run_name"] == f"{best['model']} Grid_Search_Opt and CV_Performance"
    assert set(best["metrics"]) == {"model_accuracy", "model_f1_score"}
    assert best["metrics"]["model_accuracy"] > 0.95


def test_an_experiment_is_listed_and_described(loaded: Stack, searched: dict[str, Any]) -> None:
    experiments = loaded.call("GET", "tracking", "/experiments").json()["data"]
    ours = next(e for e in experiments if e["experiment_id"] == searched["experiment_id"])
    assert (ours["name"], ours["lifecycle_stage"]) == ("wine_test_1", "active")
    assert ours["run_count"] >= 3
    general = loaded.post(
        "tracking",
        "/experiments",
        experiment_id=int(searched["experiment_id"]),
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
    loaded: Stack, searched: dict[str, Any], asked: list[str] | None, given: set[str]
) -> None:
    body = {"experiment_id": searched["experiment_id"], "request_information": "statistics", "filter": asked}
    answer = loaded.post(
        "tracking", "/experiments", **{k: v for k, v in body.items() if v is not None}
    ).json()
    assert answer["message"] == "Statistics Retrieved"
    assert set(answer["data"]) == given
    assert all(set(statistics) == STATISTICS for statistics in answer["data"].values())


def test_runs_are_listed_with_their_parameters_and_metrics(loaded: Stack, searched: dict[str, Any]) -> None:
    experiment = searched["experiment_id"]
    listed = loaded.call("GET", "tracking", "/runs", params={"experiment_id": experiment}).json()
    assert listed["message"] == "Experiment Runs Retrieved"
    run = next(r for r in listed["data"] if r["run_id"] == searched["run_ids"]["SVC"])
    assert run["tags"] == {"model_type": "SVC", "experiment_type": "GridSearch_CrossValidation"}
    assert run["status"] == "FINISHED"
    assert TIME.fullmatch(run["end_time"])

    def read(kind: str, of: str) -> Any:
        body = {"experiment_id": experiment, "run_id": run["run_id"], "request_information": kind, "type": of}
        answer = loaded.post("tracking", "/runs", **body).json()
        assert answer["message"] == "Parameters Retrieved"
        return answer["data"]

    assert read("parameters", "data") == {"classes": "3", "features": "13", "samples": "106"}
    assert set(read("parameters", "model")) == {"C", "kernel", "gamma"}
    assert set(read("parameters", "grid_search")) == {"C", "kernel", "gamma", "scoring", "cv_folds"}
    assert set(read("metrics", "model")) == {"accuracy", "f1_score", "precision", "recall"}
    system = read("metrics", "system")
    assert system["execution_time"] > 0
    assert system["cpu_usage"] > 0


@pytest.mark.filterwarnings("ignore:.*MLflow doesn't validate the data for this type")  # its own import warns
def test_a_registered_model_predicts_through_mlflow_itself(loaded: Stack, searched: dict[str, Any]) -> None:
    mlflow.set_tracking_uri(loaded.address("mlflow"))
    model = mlflow.pyfunc.load_model("models:/LogisticRegression/1")
    assert len(model.predict(model.input_example)) == len(model.input_example)


def test_what_was_searched_is_what_is_deployed(scored: Stack, searched: dict[str, Any]) -> None:
    best = best_run(scored, searched["experiment_id"])
    body = {"experiment_id": searched["experiment_id"], "run_id": best["run_id"]}
    parameters = scored.post(
        "tracking", "/runs", **body, request_information="parameters", type="model"
    ).json()
    active = scored.call("GET", "ml_model").json()["active"]
    assert active["run_id"] == best["run_id"]
    assert active["model_name"] == best["model"]
    assert {name: str(value) for name, value in active["hyperparameters"].items()} == parameters["data"]


def test_monitoring_gives_tests_summary_and_report(scored: Stack) -> None:
    assert scored.call("GET", "monitoring").json() == {"name": "EvidentlyAI", "message": "Monitoring"}
    tests = scored.post("monitoring", metric="tests").json()["message"]
    assert list(dict.fromkeys(check["group"] for check in tests["tests"])) == GROUPS
    summary = scored.post("monitoring", metric="summary").json()
    assert summary["message"]["total_tests"] == len(tests["tests"])
    assert sum(summary["message"]["by_status"].values()) == len(tests["tests"])
    assert isinstance(summary["result_id"], int)
    assert scored.post("monitoring", metric="report").json()["message"]["metrics"]


def test_unfouled_production_shows_no_drift(scored: Stack) -> None:
    scored.post("simulator", set_name="production", fouling={"level": "none"})
    scored.post("ml_model", dataset="production")
    summary = scored.post("monitoring", metric="summary", tests={"data_drift": True}).json()["message"]
    assert summary["all_passed"], summary


def test_heavy_fouling_costs_accuracy_fails_the_summary_and_triggers_retraining(scored: Stack) -> None:
    testing = scored.post("ml_model", dataset="testing").json()["score"]
    scored.post("simulator", set_name="production", fouling={"level": "heavy"})
    before = scored.post("ml_model", dataset="production").json()
    assert before["score"] <= testing - 0.1
    answer = scored.post("monitoring", metric="summary", retrain=True).json()
    assert answer["message"]["all_passed"] is False
    assert answer["retraining"]["deployment_id"] > before["deployment_id"]
    active = scored.call("GET", "ml_model").json()["active"]
    assert active["id"] == answer["retraining"]["deployment_id"]
