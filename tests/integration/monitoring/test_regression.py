"""A regression with a category: loaded by the simulator, scored by ml_model, judged by monitoring."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from ml_model.config.settings import MlModelSettings
from ml_model.web.app import create_app as create_ml_model
from monitoring.service.group_names import fitting_groups
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions
from tests.integration.monitoring.test_rows_without_truth import checks
from tests.made_up_fires import write_fires

FIRE = {"use_case": "fire_brigade"}


class FireFleet:
    """The simulator and ml_model on the test's database."""

    def __init__(self, database_url: str, data: Path) -> None:
        url = SecretStr(database_url)
        self._simulator = create_simulator(SimulatorSettings(database_url=url, data_dir=data)).test_client()
        key = SecretStr("a key for the tests")
        self._ml_model = create_ml_model(MlModelSettings(database_url=url, artifact_key=key)).test_client()

    def load(self, *names: str, **fields: Any) -> None:
        for name in names:
            answer = self._simulator.post("/root/simulator", json={"set_name": name, **FIRE, **fields})
            assert answer.status_code == 200, answer.json

    def score(self, *names: str) -> None:
        for name in names:
            answer = self._ml_model.post("/root/ml", json={"dataset": name, **FIRE})
            assert answer.status_code == 200, answer.json

    def set_model(self) -> None:
        body = {"model_name": "LinearRegression", **FIRE}
        assert self._ml_model.post("/root/ml/set_model", json=body).status_code == 200


@pytest.fixture
def fire(database_url: str, tmp_path: Path) -> FireFleet:
    """Loaded without fouling, trained and scored."""
    write_fires(tmp_path, 1000)
    fleet = FireFleet(database_url, tmp_path)
    fleet.load("training", "testing")
    fleet.load("production", fouling="none")
    fleet.set_model()
    fleet.score("training", "testing", "production")
    return fleet


def judge(client: FlaskClient, status: int = 200, **fields: Any) -> Any:
    answer = client.post("/root/monitoring", json={"metric": "tests", **FIRE, **fields})
    assert answer.status_code == status, answer.json
    return answer.json


@pytest.mark.usefixtures("fire")
def test_clean_production_is_near_testing_and_every_fitting_group_is_judged(client: FlaskClient) -> None:
    message = judge(client, tests={"regression": True, "data_drift": True})["message"]
    passed = {(test["name"], test["column"]) for test in message["tests"] if test["status"] == "SUCCESS"}
    near = {("r2", None), ("mean_error", None), ("row_count", None), ("share_of_drifted_columns", None)}
    assert near | {("column_drift", "distance"), ("column_drift", "target")} <= passed
    groups = {test["group"] for test in judge(client)["message"]["tests"]}
    assert groups == set(fitting_groups(classifies=False))


def test_heavy_fouling_fails_the_scores_and_the_station(client: FlaskClient, fire: FireFleet) -> None:
    fire.load("production", fouling="heavy")
    fire.score("production")
    tests = judge(client)["message"]["tests"]
    failed = {(test["name"], test["column"]) for test in tests if test["status"] == "FAIL"}
    scores = {("mae", None), ("rmse", None), ("r2", None)}
    assert scores | {("column_drift", "distance"), ("column_drift", "station")} <= failed


@pytest.mark.usefixtures("fire")
def test_a_group_of_the_other_task_is_400_that_lists_the_right_ones(client: FlaskClient) -> None:
    answer = judge(client, 400, tests={"multi_class_classification": True})
    assert "multi_class_classification" in answer["error"]
    assert answer["message"].endswith("no_target_performance, regression")


NAME_STATIONS = """
    UPDATE fire_brigade.samples SET station = :name WHERE sample_id IN (
        SELECT sample_id FROM fire_brigade.samples WHERE dataset_id = 3 ORDER BY sample_id
        LIMIT (SELECT round(:share * count(*)) FROM fire_brigade.samples WHERE dataset_id = 3)
    )
"""


def name_stations(sessions: Sessions, name: str, share: float) -> None:
    """Give a share of production's rows a station that is not in the definition's list."""
    with sessions() as session:
        session.execute(text(NAME_STATIONS), {"name": name, "share": share})
        session.commit()


@pytest.mark.usefixtures("fire")
def test_names_that_are_not_listed_are_named_and_are_not_missing(
    client: FlaskClient, sessions: Sessions
) -> None:
    missing = ("data_quality", "missing_share", "station")
    before = checks(judge(client)["message"])
    name_stations(sessions, "Atlantis", 0.6)
    name_stations(sessions, "O'Shea's %s", 0.2)
    after = checks(judge(client)["message"])
    assert after[missing]["value"] <= before[missing]["value"]
    drift = after["data_drift", "column_drift", "station"]
    assert drift["status"] == "FAIL"
    assert drift["value"] < 1e-9 < before["data_drift", "column_drift", "station"]["value"]
    said = "60.0% of station are names that are not listed: Atlantis, O'Shea's %s."
    assert said in drift["description"]
    for group in ("data_stability", "no_target_performance"):
        outside = after[group, "out_of_list_share", "station"]
        assert outside["status"] == "FAIL"
        assert outside["value"] >= 0.6
        assert said in outside["description"]


@pytest.mark.usefixtures("fire")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
def test_a_report_counts_names_that_are_not_listed_as_one_more(
    client: FlaskClient, sessions: Sessions
) -> None:
    name_stations(sessions, "Atlantis", 0.6)
    message = judge(client, metric="report")["message"]
    values = {metric["metric_name"]: metric["value"] for metric in message["metrics"]}
    assert "failed" not in message
    counts = values["UniqueValueCount(column=station)"]
    assert counts["counts"]["(not listed)"] > 0
