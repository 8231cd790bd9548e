"""The Open Inference Protocol, by hand and with Triton's own client, and the routes of MLflow's server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from tritonclient import http as triton

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from tests.integration.ml_model.conftest import KEY, Load, Rows
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import NAMES, WINE, columns, predict
from tests.running import RunningService, running_service

MODEL = "/v2/models/wine"


@pytest.fixture
def served(client: FlaskClient, load: Load) -> int:
    load("training")
    return deploy(client, "LogisticRegression")


def tensor(rows: list[list[Any]], **changed: Any) -> dict[str, Any]:
    shape = [len(rows), len(rows[0])]
    return {"name": "features", "shape": shape, "datatype": "FP64", "data": rows, **changed}


def infer(client: FlaskClient, *inputs: dict[str, Any], path: str = f"{MODEL}/infer", **more: Any) -> Any:
    answer = client.post(path, json={"inputs": list(inputs), **more})
    assert answer.status_code == 200, answer.json
    return answer.get_json()


def outputs(answer: Any) -> dict[str, Any]:
    return {each["name"]: each for each in answer["outputs"]}


def test_the_server_and_its_model_are_described(client: FlaskClient, served: int) -> None:
    assert client.get("/v2").get_json()["name"] == "mlfleet ml_model"
    assert client.get("/v2/health/live").get_json() == {"live": True}
    assert client.get("/v2/health/ready").get_json() == {"ready": True}
    described = client.get(MODEL).get_json()
    assert (described["name"], described["versions"]) == ("wine", [str(served)])
    assert described["inputs"] == [{"name": "features", "datatype": "FP64", "shape": [-1, 13]}]
    version = client.get(f"{MODEL}/versions/{served}").get_json()
    assert version == {**described, "versions": [str(served)]}
    for path in (f"{MODEL}/ready", f"{MODEL}/versions/{served}/ready"):
        assert client.get(path).get_json() == {"name": "wine", "ready": True}


def test_every_kind_of_tensor_gives_the_answer_of_predict(client: FlaskClient, served: int) -> None:
    rows = WINE[:2]
    expected = predict(client, columns(rows))
    flat = [value for row in rows for value in row]
    by_feature = [
        {"name": name, "shape": [2, 1], "datatype": "FP32", "data": [row[number] for row in rows]}
        for number, name in enumerate(NAMES)
    ]
    for inputs in ([tensor(rows)], [tensor(rows, data=flat)], by_feature, by_feature[::-1]):
        answer = infer(client, *inputs, id="a request")
        assert (answer["model_name"], answer["model_version"]) == ("wine", str(served))
        assert answer["id"] == "a request"
        told = outputs(answer)
        assert told["predictions"] == {
            "name": "predictions",
            "shape": [2],
            "datatype": "INT64",
            "data": expected["predictions"],
        }
        assert told["probabilities"]["shape"] == [2, 3]
        assert told["probabilities"]["data"] == [value for row in expected["probabilities"] for value in row]
        assert len(told["sample_index"]["data"]) == 2


def test_outputs_are_those_that_are_asked_for(client: FlaskClient, served: int) -> None:
    answer = infer(client, tensor(WINE[:1]), outputs=[{"name": "probabilities"}])
    assert list(outputs(answer)) == ["probabilities"]


def test_a_request_that_is_refused_for_its_outputs_stores_nothing(
    app: Flask, client: FlaskClient, served: int, rows: Rows
) -> None:
    for path in (f"{MODEL}/infer", f"{MODEL}/versions/{served}/infer"):
        body = {"inputs": [tensor(WINE[:1])], "outputs": [{"name": "predictions"}, {"name": "votes"}]}
        answer = client.post(path, json=body)
        assert answer.status_code == 400
        assert "'votes'" in answer.get_json()["error"]
    app.extensions[LIVE].store.flush()
    assert rows("SELECT count(*) FROM wine.samples WHERE origin = 'live'") == [(0,)]


def test_a_model_without_probabilities_neither_lists_nor_gives_them(client: FlaskClient, served: int) -> None:
    without = deploy(client, "SVC")
    listed = {
        path: [each["name"] for each in client.get(path).get_json()["outputs"]]
        for path in (MODEL, f"{MODEL}/versions/{without}", f"{MODEL}/versions/{served}")
    }
    assert list(listed.values()) == [
        ["predictions", "sample_index"],
        ["predictions", "sample_index"],
        ["predictions", "probabilities", "sample_index"],
    ]
    body = {"inputs": [tensor(WINE[:1])], "outputs": [{"name": "probabilities"}]}
    answer = client.post(f"{MODEL}/infer", json=body)
    assert answer.status_code == 400
    assert "'probabilities'" in answer.get_json()["error"]
    assert client.post(f"{MODEL}/versions/{served}/infer", json=body).status_code == 200


def test_where_nothing_is_stored_there_is_no_sample_index(database_url: str, load: Load) -> None:
    load("training")
    settings = MlModelSettings(
        database_url=SecretStr(database_url), artifact_key=SecretStr(KEY), live_store_share=0
    )
    app = create_app(settings, trainer=InThisProcess())
    client = app.test_client()
    deploy(client, "LogisticRegression")
    listed = [each["name"] for each in client.get(MODEL).get_json()["outputs"]]
    assert listed == ["predictions", "probabilities"]
    assert list(outputs(infer(client, tensor(WINE[:1])))) == listed
    body = {"inputs": [tensor(WINE[:1])], "outputs": [{"name": "sample_index"}]}
    assert client.post(f"{MODEL}/infer", json=body).status_code == 400
    app.extensions[LIVE].store.stop()


def test_a_version_answers_also_when_it_is_not_live(client: FlaskClient, served: int) -> None:
    other = deploy(client, "SVC")
    answer = infer(client, tensor(WINE[:1]), path=f"{MODEL}/versions/{served}/infer")
    assert answer["model_version"] == str(served)
    assert infer(client, tensor(WINE[:1]))["model_version"] == str(other)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"inputs": []}, "inputs"),
        ({"inputs": [tensor([[1.0, 2.0]])]}, "[rows, 13]"),
        ({"inputs": [tensor([WINE[0]], shape=[2, 13])]}, "13 values"),
        ({"inputs": [tensor([WINE[0]], shape=[])]}, "shape"),
        ({"inputs": [tensor([WINE[0]], shape=[-1, -13])]}, "shape"),
        ({"inputs": [tensor([WINE[0]], shape=[1] * 100_000)]}, "shape"),
        ({"inputs": [tensor([WINE[0]], shape=[10**3000, 10**3000])]}, "shape"),
        ({"inputs": [tensor([WINE[0]], datatype="FP128")]}, "datatype"),
        ({"inputs": [tensor([["x", *WINE[0][1:]]])]}, "'alcohol' of row 0"),
        (
            {"inputs": [{"name": "hue", "shape": [1], "datatype": "FP64", "data": [1]}]},
            "'alcohol' is missing",
        ),
        ({"inputs": [tensor([WINE[0]])], "outputs": [{"name": "votes"}]}, "votes"),
        ({"inputs": [tensor([WINE[0]])], "outputs": [{"name": "predictions"}] * 2}, "twice"),
        ({"inputs": [tensor([WINE[0]])], "colour": 1}, "colour"),
    ],
)
def test_tensors_that_cannot_be_used_are_refused(
    client: FlaskClient, served: int, *, body: dict[str, Any], word: str
) -> None:
    answer = client.post(f"{MODEL}/infer", json=body)
    assert answer.status_code == 400, answer.json
    assert word in answer.get_json()["error"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v2/models/beer", 404), (f"{MODEL}/versions/99", 404), (f"{MODEL}/versions/{2**64}/ready", 404)],
)
def test_what_there_is_not_is_404(client: FlaskClient, served: int, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_model_without_a_live_deployment_is_not_ready(client: FlaskClient) -> None:
    assert client.get(f"{MODEL}/ready").status_code == 409


def test_mlflows_routes_answer(client: FlaskClient, served: int) -> None:
    body = {"dataframe_split": columns(WINE[:2])}
    assert client.post("/invocations", json=body).get_json() == {"predictions": [0, 0]}
    assert client.post("/invocations?use_case=beer", json=body).status_code == 404
    assert client.get("/ping").status_code == 200
    assert client.get("/version").text


@pytest.fixture
def running(served: int, database_url: str, tmp_path: Path) -> Iterator[RunningService]:
    with running_service("ml_model", tmp_path, database_url=database_url, artifact_key=KEY) as service:
        service.wait_until_ready()
        yield service


@pytest.mark.slow
def test_tritons_client_works_unchanged(running: RunningService, served: int) -> None:
    client = triton.InferenceServerClient(running.address.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("wine")
    assert client.is_model_ready("wine", str(served))
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    (described,) = client.get_model_metadata("wine")["inputs"]
    rows = np.array(WINE[:4])
    features = triton.InferInput(described["name"], list(rows.shape), described["datatype"])
    names = ("predictions", "probabilities")
    wanted = [triton.InferRequestedOutput(name) for name in names]
    as_json = [triton.InferRequestedOutput(name, binary_data=False) for name in names]
    for outputs_wanted in (wanted, as_json, None):
        for binary in ({}, {"binary_data": False}):
            features.set_data_from_numpy(rows, **binary)
            answer = client.infer("wine", [features], outputs=outputs_wanted, request_id="mine")
            assert answer.as_numpy("predictions").tolist() == [0, 0, 0, 0]
            assert answer.as_numpy("probabilities").shape == (4, 3)
            assert answer.get_response()["id"] == "mine"
    by_name = []
    for number, name in enumerate(NAMES):
        column = triton.InferInput(name, [4, 1], "FP32")
        column.set_data_from_numpy(rows[:, [number]].astype(np.float32))
        by_name.append(column)
    answer = client.infer("wine", by_name, model_version=str(served), outputs=wanted)
    assert answer.as_numpy("predictions").tolist() == [0, 0, 0, 0]
    client.close()
