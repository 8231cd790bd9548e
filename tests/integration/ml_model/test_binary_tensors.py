"""Tensors as bytes after the JSON: the binary tensor data extension of the Open Inference Protocol."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from flask.testing import FlaskClient
from tritonclient.utils import triton_to_np_dtype

from tests.integration.ml_model.conftest import Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_inference_protocol import MODEL, infer, outputs, tensor
from tests.integration.ml_model.test_predictions import WINE

AS_BYTES = [{"name": name, "parameters": {"binary_data": True}} for name in ("predictions", "probabilities")]


@pytest.fixture
def served(client: FlaskClient, load: Load) -> int:
    load("training")
    return deploy(client, "LogisticRegression")


def infer_bytes(client: FlaskClient, inputs: list[dict[str, Any]], tensors: bytes, **more: Any) -> Any:
    """The answer to a request whose tensors follow its JSON."""
    head = json.dumps({"inputs": inputs, **more}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return client.post(f"{MODEL}/infer", data=head + tensors, headers=headers)


def without_data(rows: npt.NDArray[Any], **changed: Any) -> dict[str, Any]:
    """A tensor of the JSON whose values follow it."""
    size = {"binary_data_size": rows.nbytes}
    described = {"name": "features", "shape": list(rows.shape), "datatype": "FP64", "parameters": size}
    return {**described, **changed}


def test_bytes_after_the_json_are_tensors_and_are_answered_so(client: FlaskClient, served: int) -> None:
    rows = np.array(WINE[:2])
    expected = outputs(infer(client, tensor(WINE[:2])))
    for output in ({"parameters": {"binary_data_output": True}}, {"outputs": AS_BYTES}):
        answer = infer_bytes(client, [without_data(rows)], rows.tobytes(), **output)
        assert answer.mimetype == "application/octet-stream"
        length = int(answer.headers["Inference-Header-Content-Length"])
        told = outputs(json.loads(answer.data[:length]))
        sizes = [told[name]["parameters"]["binary_data_size"] for name in ("predictions", "probabilities")]
        assert sizes == [2 * 8, 6 * 8]
        assert "data" not in told["predictions"]
        assert np.frombuffer(answer.data, "<i8", 2, length).tolist() == expected["predictions"]["data"]
        given = np.frombuffer(answer.data, "<f8", 6, length + 16).tolist()
        assert given == expected["probabilities"]["data"]


def test_one_output_may_come_as_bytes_and_the_other_as_json(client: FlaskClient, served: int) -> None:
    wanted = [{"name": "probabilities", "parameters": {"binary_data": False}}, {"name": "predictions"}]
    answer = client.post(
        f"{MODEL}/infer",
        json={
            "inputs": [tensor(WINE[:1])],
            "outputs": wanted,
            "parameters": {"binary_data_output": True},
        },
    )
    length = int(answer.headers["Inference-Header-Content-Length"])
    told = outputs(json.loads(answer.data[:length]))
    assert len(told["probabilities"]["data"]) == 3
    assert answer.data[length:] == bytes(8)


@pytest.mark.parametrize(
    "kind", ["FP32", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"]
)
def test_every_type_of_number_is_read(client: FlaskClient, served: int, kind: str) -> None:
    rows = np.full((1, 13), 7, triton_to_np_dtype(kind))
    plain = outputs(infer(client, tensor(rows.tolist())))["probabilities"]
    answer = infer_bytes(client, [without_data(rows, datatype=kind)], rows.tobytes())
    assert outputs(answer.get_json())["probabilities"] == plain


def test_a_nan_among_bytes_is_a_missing_value(client: FlaskClient, served: int) -> None:
    rows = np.array([[np.nan, *WINE[0][1:]]])
    plain = outputs(infer(client, tensor([[None, *WINE[0][1:]]])))["probabilities"]
    answer = infer_bytes(client, [without_data(rows)], rows.tobytes())
    assert outputs(answer.get_json())["probabilities"] == plain


ROW = np.array(WINE[:1])


@pytest.mark.parametrize(
    ("changed", "sent", "words"),
    [
        ({}, ROW.tobytes()[:-1], ["'features'", "103 bytes are left"]),
        ({}, ROW.tobytes() + b"x", ["1 bytes follow"]),
        ({"parameters": {"binary_data_size": 96}}, ROW.tobytes()[:96], ["'features'", "takes 104"]),
        ({"parameters": {"binary_data_size": -1}}, ROW.tobytes(), ["'features'", "no number of bytes"]),
        ({"parameters": {"binary_data_size": True}}, ROW.tobytes(), ["'features'", "no number of bytes"]),
        ({"data": WINE[0]}, ROW.tobytes(), ["'features'", "both"]),
        ({"parameters": {}}, b"", ["'features'", "neither"]),
        ({"shape": [-1, 13]}, ROW.tobytes(), ["'features'"]),
        ({}, np.full((1, 13), np.inf).tobytes(), ["'alcohol' of row 0"]),
        ({"datatype": "BYTES"}, 13 * b"\x04\x00\x00\x00text", ["'alcohol' of row 0"]),
        ({"datatype": "BYTES"}, b"\xff" * 104, ["'features'", "beyond"]),
        ({"datatype": "BYTES"}, b"\x64\x00\x00\x00" + b"\xff" * 100, ["'features'", "UTF-8"]),
    ],
)
def test_bytes_that_are_no_tensor_are_refused(
    client: FlaskClient, served: int, *, changed: dict[str, Any], sent: bytes, words: list[str]
) -> None:
    answer = infer_bytes(client, [without_data(ROW, **changed)], sent)
    assert answer.status_code == 400
    assert [word for word in words if word not in answer.get_json()["error"]] == [], answer.get_json()


@pytest.mark.parametrize("length", ["-1", "ten", "99999", "1" * 50, ""])
def test_a_header_that_is_no_length_of_the_json_is_refused(
    client: FlaskClient, served: int, length: str
) -> None:
    body = json.dumps({"inputs": [tensor(WINE[:1])]})
    answer = client.post(f"{MODEL}/infer", data=body, headers={"Inference-Header-Content-Length": length})
    assert answer.status_code == 400
    assert "Inference-Header-Content-Length" in answer.get_json()["error"]


def test_an_output_is_asked_for_as_bytes_by_true_or_false(client: FlaskClient, served: int) -> None:
    wanted = [{"name": "predictions", "parameters": {"binary_data": "yes"}}]
    answer = client.post(f"{MODEL}/infer", json={"inputs": [tensor(WINE[:1])], "outputs": wanted})
    assert answer.status_code == 400
    assert "'predictions'" in answer.get_json()["error"]
