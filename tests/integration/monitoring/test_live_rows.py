"""Rows that came in live, as clients send them to ml_model: drift is seen before any truth comes."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.integration.monitoring.test_rows_without_truth import checks

NAME = "calls"
ROWS = 300  # of training and of testing
UNLISTED = ("x", "y")
FEATURES: list[dict[str, Any]] = [
    {"name": "c", "type": "category", "categories": ["a", "b", "c"]},
    *({"name": name} for name in ("x0", "x1", "x2")),
]
DEFINITION = {
    "name": NAME,
    "task": "classification",
    "target": "outcome",
    "source": {"kind": "csv", "file": f"{NAME}.csv", "target_column": "y"},
    "features": FEATURES,
    "split": {"kind": "column", "column": "part"},
}

Answer = Callable[[list[list[Any]]], Any]


def made_up(rows: int, *, mean: float = 0.0, names: tuple[str, ...] = ("a", "b", "c")) -> list[list[Any]]:
    draw = random.Random(rows)  # no secret
    return [[draw.choice(names), *(draw.gauss(mean, 1) for _ in range(3))] for _ in range(rows)]


def csv() -> str:
    parts = {"training": ROWS, "testing": ROWS + 1, "production": 10}
    lines = [
        f"{','.join(map(str, row))},{int(row[1] + row[2] > 0)},{part}"
        for part, count in parts.items()
        for row in made_up(count)
    ]
    return "\n".join(["c,x0,x1,x2,y,part", *lines])


@pytest.fixture
def serving(database_url: str) -> Iterator[Flask]:
    key = SecretStr("a key for the tests")
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=key)
    app = create_app(settings, trainer=InThisProcess())
    yield app
    app.extensions[LIVE].store.stop()


@pytest.fixture
def answer(database_url: str, serving: Flask) -> Answer:
    """Sends live rows, and has them stored; a model is trained, and has scored testing."""
    simulator = create_simulator(SimulatorSettings(database_url=SecretStr(database_url))).test_client()
    post(simulator, "/root/simulator/use_cases", definition=DEFINITION, csv=csv())
    for name in ("training", "testing"):
        post(simulator, "/root/simulator", set_name=name, use_case=NAME)
    client = serving.test_client()
    post(client, "/root/ml/set_model", use_case=NAME, model_name="LogisticRegression")
    for name in ("training", "testing"):
        post(client, "/root/ml", use_case=NAME, dataset=name)

    def sent(rows: list[list[Any]]) -> Any:
        columns = [feature["name"] for feature in FEATURES]
        answered = post(client, "/root/ml/predict", use_case=NAME, columns=columns, data=rows)
        serving.extensions[LIVE].store.flush()
        return answered

    return sent


def post(client: FlaskClient, path: str, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def judge(client: FlaskClient, metric: str, **fields: Any) -> Any:
    return post(client, "/root/monitoring", metric=metric, use_case=NAME, **fields)["message"]


def test_unlisted_names_of_live_rows_are_drift_and_named_and_not_missing(
    client: FlaskClient, answer: Answer, serving: Flask
) -> None:
    listed, unlisted = made_up(120), made_up(180, names=UNLISTED)
    answered = answer(listed + unlisted)
    found = checks(judge(client, "tests"))
    drift = found["data_drift", "column_drift", "c"]
    x_or_y = sorted(UNLISTED, key=lambda name: (-[row[0] for row in unlisted].count(name), name))
    said = f"60.0% of c are names that are not listed: {', '.join(x_or_y)}."
    assert (drift["status"], said in drift["description"]) == ("FAIL", True), drift
    of_list = found["data_stability", "out_of_list_share", "c"]
    assert (of_list["status"], of_list["value"]) == ("FAIL", pytest.approx(0.6))
    missing = found["data_quality", "missing_share", "c"]
    assert (missing["status"], missing["value"]) == ("SUCCESS", 0)
    assert found["data_drift", "column_drift", "x0"]["status"] == "SUCCESS"

    truth = {"sample_index": answered["sample_index"], "target": answered["predictions"]}
    models = serving.test_client()
    assert post(models, "/root/ml/feedback", use_case=NAME, **truth)["stored"] == 300
    assert post(models, "/root/ml", use_case=NAME, dataset="production")["score"] == 1
    again = checks(judge(client, "tests"))
    assert again["data_drift", "column_drift", "c"] == drift
    assert again["multi_class_classification", "accuracy", None]["value"] == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
def test_strange_names_fit_into_a_sentence_and_a_report(client: FlaskClient, answer: Answer) -> None:
    for name in ("🚒", "O'Shea\n", "\x1b[31m\u202e", "x" * 10_000):
        answer(made_up(60, names=(name,)))
    said = checks(judge(client, "tests"))["data_drift", "column_drift", "c"]["description"]
    assert said.isprintable()
    assert r"100.0% of c are names that are not listed: \x1b[31m\u202e, O'Shea\n, xxx" in said
    assert said.endswith("x..., 🚒.")
    message = judge(client, "report")
    values = {metric["metric_name"]: metric["value"] for metric in message["metrics"]}
    assert values["RowCount()"] == 240
    assert values["MissingValueCount(column=c)"]["count"] == 0
    assert values["UniqueValueCount(column=c)"]["counts"]["(not listed)"] == 240
    assert "failed" not in message


def test_live_rows_that_nobody_has_labelled_drift(client: FlaskClient, answer: Answer) -> None:
    answer(made_up(2000, mean=3.0))
    message = judge(client, "tests")
    drifted = {
        column
        for (_, name, column), check in checks(message).items()
        if name == "column_drift" and check["status"] == "FAIL"
    }
    assert {"x0", "x1", "x2"} <= drifted
    whole = checks(message)["data_drift", "share_of_drifted_columns", None]
    assert (whole["status"], whole["value"] >= 0.5) == ("FAIL", True), whole
    summary = judge(client, "summary", tests={"data_drift": True})
    assert not summary["all_passed"]
    assert summary["failed_tests"] - summary["evidently"]["FAIL"] == 1
    assert summary["failed_tests"] >= 4
