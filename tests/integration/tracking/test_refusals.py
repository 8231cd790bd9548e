"""What an optimisation is refused for, and that a refusal leaves no trace."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from pydantic import SecretStr
from sqlalchemy import text

from simulator.service.simulator import SimulatorService
from tests.conftest import Sessions
from tests.integration.tracking.conftest import MANAGEMENT, Optimise
from tracking.config.settings import TrackingSettings
from tracking.web.app import create_app

Names = Callable[[], Mapping[str, str]]

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown model": ({"models": ["XGBoost"]}, "Model not Found"),
    "no model": ({"models": []}, "models"),
    "unknown hyperparameter": ({"hyperparameters": {"LogisticRegression": {"depth": [1]}}}, "depth"),
    "grid missing": ({"hyperparameters": {"SVC": {"C": [1]}}}, "LogisticRegression"),
    "values that are no list": (
        {"hyperparameters": {"LogisticRegression": {"C": 1}}},
        "LogisticRegression.C",
    ),
    "empty list": ({"hyperparameters": {"LogisticRegression": {"C": []}}}, "LogisticRegression.C"),
    "refused value": ({"hyperparameters": {"LogisticRegression": {"C": [1, -1]}}}, "C=-1"),
    "wrong type": ({"hyperparameters": {"LogisticRegression": {"C": ["much"]}}}, "C='much'"),
    "one fold": ({"cv": 1}, "cv"),
    "a thousand folds": ({"cv": 1000}, "cv"),
    "folds above the smallest class": ({"cv": 30}, "from 2 to 29"),
    "folds that are no integer": ({"cv": True}, "cv"),
    "folds as text": ({"cv": "5"}, "cv"),
    "folds as a double": ({"cv": 5.0}, "cv"),
    "no scoring": ({"scoring": ""}, "scoring"),
    "unknown scoring": ({"scoring": "beauty"}, "beauty"),
    "unknown field": ({"model": "SVC"}, "'model'"),
    "no name": ({"experiment_name": None}, "experiment_name"),
    "blank name": ({"experiment_name": " "}, "experiment_name"),
    "name too long": ({"experiment_name": "x" * 257}, "experiment_name"),
    "unknown preprocessing": ({"preprocessing": "pca"}, "preprocessing"),
    "unknown request": ({"request_information": "magic"}, "request_information"),
}


@pytest.mark.parametrize(("changes", "named"), BAD.values(), ids=BAD)
def test_bad_input_is_400_that_names_it_and_leaves_no_trace(
    changes: dict[str, Any], named: str, optimise: Optimise, names: Names
) -> None:
    before = names()
    response = optimise(**changes)
    body = response.get_json()
    assert response.status_code == 400, body
    assert named in body["error"] + body["message"]
    assert body["message"]
    assert "Traceback" not in response.get_data(as_text=True)
    assert names() == before


FOUND_BY_FITTING: dict[str, tuple[dict[str, Any], str]] = {
    "refused in fit": (
        {"hyperparameters": {"LogisticRegression": {"solver": ["lbfgs"], "penalty": ["l1"]}}},
        "penalty='l1', solver='lbfgs'",
    ),
    "scoring that needs two classes": ({"scoring": "precision"}, "precision"),
    "scoring that needs probabilities": (
        {"models": ["SVC"], "hyperparameters": {"SVC": {}}, "scoring": "neg_log_loss"},
        "neg_log_loss",
    ),
}


@pytest.mark.parametrize(("changes", "named"), FOUND_BY_FITTING.values(), ids=FOUND_BY_FITTING)
def test_what_only_a_fit_can_tell_is_400_and_the_run_says_why(
    changes: dict[str, Any], named: str, optimise: Optimise, mlflow_client: MlflowClient, name: str
) -> None:
    response = optimise(**changes)
    assert response.status_code == 400, response.get_json()
    assert named in response.get_json()["error"]
    experiment = mlflow_client.get_experiment_by_name(name)
    (run,) = mlflow_client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"
    assert named in run.data.tags["failure"]


def test_an_unknown_use_case_is_404(optimise: Optimise, names: Names) -> None:
    before = names()
    assert optimise(use_case="beer").status_code == 404
    assert names() == before


def test_a_training_set_that_is_not_loaded_is_409_that_says_what_to_call(
    client: FlaskClient, simulator: SimulatorService, small: dict[str, Any], name: str, names: Names
) -> None:
    response = client.post(MANAGEMENT, json={**small, "experiment_name": name})
    assert response.status_code == 409
    assert "simulator" in response.get_json()["message"]
    assert name not in names()


def test_postgresql_away_is_503_and_nothing_is_created(
    settings: TrackingSettings, small: dict[str, Any], name: str, names: Names
) -> None:
    away = SecretStr("postgresql+psycopg2://mlfleet@127.0.0.1:1/dataset")
    client = create_app(settings.model_copy(update={"database_url": away})).test_client()
    assert client.post(MANAGEMENT, json={**small, "experiment_name": name}).status_code == 503
    assert client.get("/health/ready").status_code == 503
    assert name not in names()


def test_rows_whose_class_is_unknown_are_left_out(optimise: Optimise, sessions: Sessions) -> None:
    with sessions() as session:
        session.execute(text("DELETE FROM wine.targets WHERE class = 0"))
        session.commit()
    assert optimise().status_code == 201
