"""Live predictions of a regression with a category: by name, as numbers, stored as text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tritonclient import http as triton

from ml_model.web.app import LIVE
from tests.integration.ml_model.conftest import KEY, Load, Rows
from tests.integration.ml_model.test_regression import FIRE, load, score, set_model
from tests.running import RunningService, running_service

__all__ = ["load"]  # the fixture, with the fire brigade's file

PREDICT = "/root/ml/predict"
NAMES = ["distance", "station"]
INFER = "/v2/models/fire_brigade/infer"


@pytest.fixture
def live(client: FlaskClient, load: Load) -> None:
    """A LinearRegression is live."""
    load("training", "testing")
    set_model(client, "LinearRegression")
    score(client, "training")


def predict(client: FlaskClient, body: Any) -> Any:
    answer = client.post(PREDICT, json={**FIRE, **body})
    assert answer.status_code == 200, answer.json
    return answer.get_json()


@pytest.mark.usefixtures("live")
def test_live_answers_are_the_numbers_that_scoring_stores(client: FlaskClient, rows: Rows) -> None:
    score(client, "testing")
    stored = rows(
        "SELECT s.distance, s.station, p.class FROM fire_brigade.samples s"
        " JOIN fire_brigade.predictions p USING (sample_index) WHERE s.dataset_id = 2"
    )
    answer = predict(client, {"columns": NAMES, "data": [list(row[:-1]) for row in stored]})
    assert answer["predictions"] == pytest.approx([row[-1] for row in stored], rel=1e-12)
    assert any(not number.is_integer() for number in answer["predictions"])
    assert answer["probabilities"] is None
    assert answer["model_name"] == "LinearRegression"


@pytest.mark.usefixtures("live")
def test_every_form_and_order_gives_the_same_answer(client: FlaskClient) -> None:
    row = [2.5, "Soho"]
    record = dict(zip(NAMES, row, strict=True))
    bodies: list[dict[str, Any]] = [
        {"columns": NAMES, "data": [row]},
        {"columns": NAMES[::-1], "data": [row[::-1]]},
        {"records": [record]},
        {"dataframe_split": {"columns": NAMES, "data": [row]}},
        {"inputs": {name: [value] for name, value in record.items()}},
        {"instances": [row]},
    ]
    answers = [predict(client, body)["predictions"] for body in bodies]
    assert answers == [answers[0]] * len(bodies)


@pytest.mark.usefixtures("live")
def test_an_unlisted_name_is_answered_as_a_missing_one_and_stored_as_it_was_sent(
    app: Flask, client: FlaskClient, rows: Rows
) -> None:
    answer = predict(client, {"columns": NAMES, "data": [[2.5, "Soho"], [2.5, None], [2.5, "Paris"]]})
    soho, missing, unlisted = answer["predictions"]
    assert soho != missing == unlisted
    app.extensions[LIVE].store.flush()
    stored = rows(
        "SELECT s.distance, s.station, s.origin, p.class FROM fire_brigade.samples s"
        " JOIN fire_brigade.predictions p USING (sample_index) WHERE origin = 'live' ORDER BY sample_index"
    )
    assert stored == [
        (2.5, "Soho", "live", soho),
        (2.5, None, "live", missing),
        (2.5, "Paris", "live", unlisted),
    ]


@pytest.mark.usefixtures("live")
def test_feedback_takes_numbers(app: Flask, client: FlaskClient, rows: Rows) -> None:
    (number,) = predict(client, {"columns": NAMES, "data": [[2.5, "Soho"]]})["sample_index"]
    app.extensions[LIVE].store.flush()
    answer = client.post("/root/ml/feedback", json={**FIRE, "sample_index": [number], "target": [301.5]})
    assert answer.get_json()["stored"] == 1
    assert (number, 301.5) in rows("SELECT sample_index, class FROM fire_brigade.targets")


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("row", "word"),
    [
        ([2.5, 3], "'station' of row 0 is a number"),
        ([2.5, True], "'station' of row 0 is true or false"),
        (["Soho", 2.5], "'distance' of row 0 is 'Soho', which is no number"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_400(client: FlaskClient, row: list[Any], word: str) -> None:
    answer = client.post(PREDICT, json={**FIRE, "columns": ["distance", "station"], "data": [row]})
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]


@pytest.mark.usefixtures("live")
def test_tensors_are_described_and_answered_by_feature(client: FlaskClient) -> None:
    described = client.get("/v2/models/fire_brigade").get_json()
    assert described["inputs"] == [
        {"name": NAMES[0], "datatype": "FP64", "shape": [-1]},
        {"name": NAMES[1], "datatype": "BYTES", "shape": [-1]},
    ]
    assert [(each["name"], each["datatype"]) for each in described["outputs"]] == [
        ("predictions", "FP64"),
        ("sample_index", "INT64"),
    ]
    inputs = [
        {"name": NAMES[1], "shape": [2], "datatype": "BYTES", "data": ["Soho", None]},
        {"name": NAMES[0], "shape": [2, 1], "datatype": "FP64", "data": [2.5, 1]},
    ]
    answer = client.post(INFER, json={"inputs": inputs})
    assert answer.status_code == 200, answer.json
    expected = predict(client, {"columns": NAMES, "data": [[2.5, "Soho"], [1, None]]})["predictions"]
    told = {each["name"]: each for each in answer.get_json()["outputs"]}
    assert told["predictions"] == {
        "name": "predictions",
        "shape": [2],
        "datatype": "FP64",
        "data": expected,
    }
    assert "probabilities" not in told


@pytest.fixture
def running(live: None, database_url: str, tmp_path: Path) -> Iterator[RunningService]:
    with running_service("ml_model", tmp_path, database_url=database_url, artifact_key=KEY) as service:
        service.wait_until_ready()
        yield service


@pytest.mark.usefixtures("live")
def test_tritons_client_sends_names_as_bytes(running: RunningService, client: FlaskClient) -> None:
    with triton.InferenceServerClient(running.address.removeprefix("http://")) as asked:
        distance = triton.InferInput(NAMES[0], [2], "FP64")
        distance.set_data_from_numpy(np.array([2.5, 1.0]))
        station = triton.InferInput(NAMES[1], [2], "BYTES")
        station.set_data_from_numpy(np.array(["Soho", "Acton"], dtype=object))
        answer = asked.infer("fire_brigade", [distance, station])
    expected = predict(client, {"columns": NAMES, "data": [[2.5, "Soho"], [1, "Acton"]]})["predictions"]
    np.testing.assert_allclose(answer.as_numpy("predictions"), expected, rtol=1e-12)
