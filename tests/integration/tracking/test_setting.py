"""POST …/model_management with "setting": a run's model goes to ml_model, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from sqlalchemy import text
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.conftest import Sessions
from tests.integration.tracking.conftest import MANAGEMENT, RUNS, Optimise
from tests.integration.tracking.ml_model_double import MlModelDouble
from tests.mlflow_server import MlflowServer
from tracking.config.settings import TrackingSettings
from tracking.web.app import create_app

GRID = {"C": [0.5], "max_iter": [300], "fit_intercept": [True], "class_weight": [None], "solver": ["lbfgs"]}


@pytest.fixture
def ml_model() -> Iterator[tuple[MlModelDouble, str]]:
    """The double and its address."""
    double = MlModelDouble()
    server = make_server("127.0.0.1", 0, double.app())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield double, f"http://127.0.0.1:{server.server_port}/root/ml"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(settings: TrackingSettings, ml_model: tuple[MlModelDouble, str]) -> TrackingSettings:
    """Settings that know where ml_model is."""
    return settings.model_copy(update={"ml_model_url": ml_model[1]})


def set_run(client: FlaskClient, run_id: object, **fields: Any) -> TestResponse:
    """Ask for the run's model."""
    return client.post(MANAGEMENT, json={"request_information": "setting", "run_id": run_id, **fields})


def optimised_run(optimise: Optimise, **changes: Any) -> str:
    """The run of a small optimisation."""
    data = optimise(**changes).get_json()["data"]
    return str(data["run_ids"]["LogisticRegression"])


def test_the_model_is_sent_with_the_types_that_were_searched(
    client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str]
) -> None:
    run_id = optimised_run(optimise, hyperparameters={"LogisticRegression": GRID}, preprocessing="none")
    answer = set_run(client, run_id, models=["ignored"])
    assert answer.status_code == 200
    assert answer.get_json() == {"message": "Model successfully uploaded", "deployment_id": 7}
    (sent,) = ml_model[0].bodies
    expected = {"C": 0.5, "max_iter": 300, "fit_intercept": True, "class_weight": None, "solver": "lbfgs"}
    assert sent == {
        "model_name": "LogisticRegression",
        "hyperparameters": expected,
        "preprocessing": "none",
        "run_id": run_id,
        "use_case": "wine",
    }
    assert json.dumps(sent["hyperparameters"], sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_another_use_case_than_the_runs_is_400_and_nothing_is_sent(
    client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str]
) -> None:
    run_id = optimised_run(optimise)
    answer = set_run(client, run_id, use_case="beer")
    assert answer.status_code == 400
    assert "of use case 'wine', not of 'beer'" in answer.get_json()["error"]
    assert ml_model[0].bodies == []
    assert set_run(client, run_id, use_case="wine").status_code == 200


def test_a_refusal_of_ml_model_is_passed_on(
    client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str]
) -> None:
    ml_model[0].answer = ({"error": "Model not Found", "message": "Please Specify 'SVC'"}, 400)
    answer = set_run(client, optimised_run(optimise))
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "Model not Found"
    assert answer.get_json()["message"] == "Please Specify 'SVC'"


def test_a_failure_of_ml_model_is_502(
    client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str]
) -> None:
    ml_model[0].answer = ({"error": "broken"}, 500)
    assert set_run(client, optimised_run(optimise)).status_code == 502


def test_the_request_id_goes_along(
    client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str]
) -> None:
    run_id = optimised_run(optimise)
    body = {"request_information": "setting", "run_id": run_id}
    client.post(MANAGEMENT, json=body, headers={"X-Request-ID": "trace-1"})
    assert ml_model[0].request_ids == ["trace-1"]


def test_ml_model_down_is_502_that_names_it(optimise: Optimise, settings: TrackingSettings) -> None:
    run_id = optimised_run(optimise)
    down = settings.model_copy(update={"ml_model_url": "http://127.0.0.1:1/root/ml"})
    answer = set_run(create_app(down).test_client(), run_id)
    assert answer.status_code == 502
    assert "ml_model" in answer.get_json()["error"]


def test_no_run_id_is_400(client: FlaskClient) -> None:
    answer = client.post(MANAGEMENT, json={"request_information": "setting"})
    assert answer.status_code == 400
    assert "Run ID is Missing" in answer.get_json()["error"]


def test_an_unknown_or_deleted_run_is_404(
    client: FlaskClient, optimise: Optimise, mlflow_client: MlflowClient
) -> None:
    assert set_run(client, "0" * 32).status_code == 404
    assert set_run(client, 5).status_code == 404
    run_id = optimised_run(optimise)
    experiment_id = mlflow_client.get_run(run_id).info.experiment_id
    client.delete(RUNS, query_string={"experiment_id": experiment_id, "run_id": run_id})
    assert set_run(client, run_id).status_code == 404


def test_a_run_of_somebody_else_is_set_by_its_parameters(
    client: FlaskClient, mlflow_client: MlflowClient, name: str, ml_model: tuple[MlModelDouble, str]
) -> None:
    run_id = mlflow_client.create_run(mlflow_client.create_experiment(name)).info.run_id
    assert set_run(client, run_id).status_code == 400
    mlflow_client.set_tag(run_id, "model_type", "SVC")
    for key, value in {"model_C": 10, "model_gamma": "scale", "model_class_weight": None}.items():
        mlflow_client.log_param(run_id, key, value)
    assert set_run(client, run_id).status_code == 409  # it is still going
    mlflow_client.set_terminated(run_id)
    assert set_run(client, run_id).status_code == 200
    assert ml_model[0].bodies[0]["hyperparameters"] == {"C": 10, "gamma": "scale", "class_weight": None}


@pytest.mark.parametrize(
    ("tags", "params", "named"),
    [
        ({"hyperparameters": '{"C": NaN}'}, {}, "'C'"),
        ({}, {"C": "10", "kernel": "rbf"}, "does not say its hyperparameters"),
        ({}, {}, "does not say its hyperparameters"),
        ({}, {"model_class_weight": "x" * 6000}, "'class_weight'"),
    ],
)
def test_a_run_that_tracking_did_not_write_is_400_and_nothing_is_sent(
    *,
    client: FlaskClient,
    mlflow_client: MlflowClient,
    name: str,
    ml_model: tuple[MlModelDouble, str],
    tags: dict[str, str],
    params: dict[str, str],
    named: str,
) -> None:
    experiment_id = mlflow_client.create_experiment(name)
    run_id = mlflow_client.create_run(experiment_id, tags={"model_type": "SVC", **tags}).info.run_id
    for key, value in params.items():
        mlflow_client.log_param(run_id, key, value)
    mlflow_client.set_terminated(run_id)
    answer = set_run(client, run_id)
    assert (answer.status_code, named in answer.get_json()["error"]) == (400, True), answer.get_json()
    assert ml_model[0].bodies == []


ANSWERED = """
    INSERT INTO audit_events (service, action, use_case, subject, actor, request_id)
    VALUES ('ml_model', 'set_model', 'wine', '7', 'anonymous', 'trace-1')
"""


@pytest.mark.parametrize(("request_id", "status"), [("trace-1", 200), ("trace-2", 502)])
def test_a_setting_that_ml_model_does_not_answer_is_looked_up(
    *,
    client: FlaskClient,
    optimise: Optimise,
    ml_model: tuple[MlModelDouble, str],
    sessions: Sessions,
    request_id: str,
    status: int,
) -> None:
    ml_model[0].answer = ({"error": "Too slow", "message": "Look"}, 504)
    body = {"request_information": "setting", "run_id": optimised_run(optimise)}
    with sessions() as session:
        session.execute(text(ANSWERED))
        session.commit()
    answer = client.post(MANAGEMENT, json=body, headers={"X-Request-ID": request_id})
    told = answer.get_json()
    assert answer.status_code == status, told
    if status == 200:
        assert told == {"message": "Model successfully uploaded", "deployment_id": 7}
    else:
        assert "look before" in told["message"]


def champion(client: MlflowClient) -> Any:
    return client.get_model_version_by_alias("wine", "champion")


def test_what_is_set_is_the_champion_and_a_later_setting_moves_that(
    client: FlaskClient, optimise: Optimise, mlflow_client: MlflowClient, ml_model: tuple[MlModelDouble, str]
) -> None:
    models = {"LogisticRegression": {"C": [0.1]}, "RandomForest": {"n_estimators": [1], "max_depth": [1]}}
    run_ids = optimise(models=[*models], hyperparameters=models).get_json()["data"]["run_ids"]
    winner, loser = run_ids["LogisticRegression"], run_ids["RandomForest"]
    assert mlflow_client.get_model_version_by_alias("wine", "challenger").run_id == winner
    for run_id, deployment_id in ((winner, 7), (loser, 8), (loser, 9), (winner, 10)):
        ml_model[0].answer = ({"message": "Model successfully uploaded", "deployment_id": deployment_id}, 200)
        assert set_run(client, run_id).status_code == 200
        found = champion(mlflow_client)
        assert (found.run_id, found.tags["deployment_id"]) == (run_id, str(deployment_id))
        assert datetime.now(UTC) - datetime.fromisoformat(found.tags["deployed_at"]) < timedelta(minutes=1)
    of_the_run = [
        mlflow_client.search_model_versions(f"name = 'wine' and run_id = '{each}'")
        for each in (winner, loser)
    ]
    assert [len(versions) for versions in of_the_run] == [1, 1]
    assert mlflow_client.get_model_version_by_alias("wine", "challenger").run_id == winner


def test_a_setting_that_ml_model_refuses_leaves_the_champion(
    client: FlaskClient, optimise: Optimise, mlflow_client: MlflowClient, ml_model: tuple[MlModelDouble, str]
) -> None:
    first, second = optimised_run(optimise), optimised_run(optimise)
    assert set_run(client, first).status_code == 200
    ml_model[0].answer = ({"error": "Model not Found", "message": "?"}, 400)
    assert set_run(client, second).status_code == 400
    assert champion(mlflow_client).run_id == first


def test_mlflow_that_goes_away_meanwhile_makes_a_setting_no_failure(
    *,
    client: FlaskClient,
    optimise: Optimise,
    mlflow_client: MlflowClient,
    ml_model: tuple[MlModelDouble, str],
    mlflow_server: MlflowServer,
) -> None:
    run_id = optimised_run(optimise)
    ml_model[0].before_answering = mlflow_server.stop
    try:
        answer = set_run(client, run_id)
    finally:
        mlflow_server.start()
    assert (answer.status_code, answer.get_json()["deployment_id"]) == (200, 7)
    ml_model[0].before_answering = None
    assert set_run(client, run_id).status_code == 200
    assert champion(mlflow_client).run_id == run_id
