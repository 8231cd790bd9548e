"""Names that are in no list: models take them for missing ones, and they are stored as they were sent."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ml_model.web.app import LIVE
from ml_model.web.binary_tensors import BINARY_TYPE, LENGTH_HEADER
from tests.integration.ml_model.conftest import Load, Rows
from tests.integration.ml_model.test_live_regression import INFER, NAMES, PREDICT
from tests.integration.ml_model.test_regression import FIRE, load, score, set_model

__all__ = ["load"]  # the fixture, with the fire brigade's file

STRANGE = ['O\'Shea "x"; --\n\t\\N', "🚒 東京", "  ", "%s %(a)s {}", "soho"]
STORED = "SELECT station FROM fire_brigade.samples WHERE origin = 'live' ORDER BY sample_index"


@pytest.fixture
def live(app: Flask, client: FlaskClient, load: Load) -> int:
    """A LinearRegression is live, and a Ridge is its shadow, whose number this is."""
    load("training", "testing", "production")
    shadow = set_model(client, "Ridge").get_json()["deployment_id"]
    score(client, "training")
    set_model(client, "LinearRegression")
    score(client, "training")
    score(client, "testing")
    given = client.post(f"/root/ml/deployments/{shadow}/role", json={"role": "shadow"})
    assert given.status_code == 200, given.json
    app.extensions[LIVE].models.refresh()
    return int(shadow)


def sent(client: FlaskClient, path: str, **request: Any) -> Any:
    answer = client.post(path, **request)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def predict(client: FlaskClient, *names: str | None) -> Any:
    return sent(client, PREDICT, json={**FIRE, "columns": NAMES, "data": [[2.5, name] for name in names]})


def test_every_route_stores_a_name_as_it_was_sent(
    app: Flask, client: FlaskClient, live: int, rows: Rows
) -> None:
    record = {"distance": 2.5, "station": "Atlantis"}
    split = {"columns": NAMES[::-1], "data": [["Atlantis", 2.5], ["Soho", 2.5], ["Mars", None]]}
    station = {"name": NAMES[1], "shape": [2], "datatype": "BYTES"}
    distance = {"name": NAMES[0], "shape": [2], "datatype": "FP64", "data": [2.5, 1]}
    tensors = [{**station, "data": ["Atlantis", None]}, distance]
    texts = b"".join(len(text).to_bytes(4, "little") + text for text in (b"Atlantis", b"Soho"))
    packed = [{**station, "parameters": {"binary_data_size": len(texts)}}, distance]
    head = json.dumps({"inputs": packed}).encode()
    binary = {LENGTH_HEADER: str(len(head)), "Content-Type": BINARY_TYPE}

    sent(client, PREDICT, json={**FIRE, "records": [record, {**record, "station": None}]})
    sent(client, PREDICT, json={**FIRE, **split})
    sent(client, "/invocations", json={**FIRE, "dataframe_records": [record]})
    csv = "station,distance\nAtlantis,2.5\nNA,2.5\n,2.5\n"
    sent(client, "/invocations?use_case=fire_brigade", data=csv, content_type="text/csv")
    sent(client, INFER, json={"inputs": tensors})
    sent(client, INFER, data=head + texts, headers=binary)
    app.extensions[LIVE].store.flush()
    told = ["Atlantis", None, "Atlantis", "Soho", "Mars", "Atlantis", "Atlantis", None, None]
    assert [name for (name,) in rows(STORED)] == [*told, "Atlantis", None, "Atlantis", "Soho"]


SAID = """
    SELECT p.deployment_id, s.station, p.class FROM fire_brigade.predictions p
    JOIN fire_brigade.samples s USING (sample_index) WHERE s.origin = 'live' ORDER BY 1, sample_index
"""


def test_models_and_shadows_say_the_same_of_it_as_of_a_missing_one_then_and_when_scored_again(
    app: Flask, client: FlaskClient, live: int, rows: Rows
) -> None:
    names = ["Atlantis", None, "Mars", "Soho"]
    answer = predict(client, *names)
    app.extensions[LIVE].store.flush()
    said = rows(SAID)
    assert [name for _, name, _ in said] == names * 2
    assert [label for number, _, label in said if number != live] == answer["predictions"]
    assert score(client, "production")["rows"] == 80 + len(names)
    assert rows(SAID) == said
    later = set_model(client, "RandomForestRegressor").get_json()["deployment_id"]
    score(client, "training")
    score(client, "production")
    said = rows(SAID)
    for deployment in (live, live + 1, later):
        labels = [label for number, _, label in said if number == deployment]
        assert labels[0] == labels[1] == labels[2] != labels[3]
    truth = {"sample_index": answer["sample_index"], "target": [300.0] * len(names)}
    assert sent(client, "/root/ml/feedback", json={**FIRE, **truth})["stored"] == len(names)


def test_strange_and_long_names_are_kept_and_cut_as_in_files(
    app: Flask, client: FlaskClient, live: int, rows: Rows
) -> None:
    predict(client, *STRANGE, "é" * 10_000, "🚒" * 10_000, "")
    app.extensions[LIVE].store.flush()
    assert [name for (name,) in rows(STORED)] == [*STRANGE, "é" * 200, "🚒" * 200, None]


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("path", [PREDICT, "/invocations"])
def test_what_no_text_can_hold_is_400_and_costs_no_other_row(
    app: Flask, client: FlaskClient, rows: Rows, path: str
) -> None:
    for row, where in (
        ([1, "a\0b"], "'station' of row 1 holds a NUL"),
        ([1, "a\ud83d"], "'station' of row 1 holds a lone surrogate"),
        (["a\ud83d", None], "'distance' of row 1 is 'a"),
    ):
        body = json.dumps({**FIRE, "columns": NAMES, "data": [[1, "Soho"], row]})
        bad = client.post(path, data=body, content_type="application/json")
        assert bad.status_code == 400
        assert where in bad.get_json()["error"]
    predict(client, "Mars")
    app.extensions[LIVE].store.flush()
    assert rows(STORED) == [("Mars",)]


def test_many_rows_with_long_names_are_stored_in_blocks(
    app: Flask, client: FlaskClient, live: int, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.categories.ENCODED_BYTES", 3000)  # room for three rows
    names = [f"{number} {'x' * 300}"[:200] if number % 3 else "Soho" for number in range(20)]
    predict(client, *names)
    app.extensions[LIVE].store.flush()
    assert [name for (name,) in rows(STORED)] == names
