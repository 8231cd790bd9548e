"""What clients of KServe, Triton, MLServer and MLflow send beside rows, in every way that they write them."""

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.clients.words import WORDS, words_csv, words_rows
from tests.integration.ml_model.conftest import Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_inference_protocol import MODEL, infer, outputs, tensor
from tests.integration.ml_model.test_predictions import NAMES, WINE, columns, predict

INFER = f"{MODEL}/infer"
COLUMNS = [feature["name"] for feature in WORDS["features"]]
TYPES = ("FP64", "BYTES", "BYTES", "INT64", "INT64")
GAP = [None, *WINE[0][1:]]


@pytest.fixture
def served(client: FlaskClient, load: Load) -> int:
    load("training")
    return deploy(client, "LogisticRegression")


@pytest.fixture
def words(client: FlaskClient, database_url: str, tmp_path: Path) -> list[list[Any]]:
    """Rows of a use case that has a live model."""
    settings = SimulatorSettings(database_url=SecretStr(database_url), data_dir=tmp_path)
    simulator = create_simulator(settings).test_client()
    for path, body in (
        ("/use_cases", {"definition": WORDS, "csv": words_csv()}),
        ("", {"use_case": "words"}),
    ):
        named = body if path else {**body, "set_name": "training"}
        assert simulator.post(f"/root/simulator{path}", json=named).status_code == 200
    for path, more in (
        ("/set_model", {"model_name": "LogisticRegression"}),
        ("", {"dataset": "training"}),
    ):
        assert client.post(f"/root/ml{path}", json={"use_case": "words", **more}).status_code == 200
    return words_rows(10)


def send(client: FlaskClient, body: str, path: str = INFER, kind: str = "application/json") -> Any:
    answer = client.post(path, data=body, content_type=kind)
    assert answer.status_code == 200, answer.json
    return answer.get_json()


def probabilities(answer: Any) -> Any:
    return outputs(answer)["probabilities"]["data"]


@pytest.mark.parametrize(
    "more",
    [
        {"model_name": "wine", "model_version": "7", "id": "x"},
        {"model_name": None, "id": None, "parameters": None, "outputs": None},
        {"outputs": []},
        {
            "parameters": {
                "sequence_id": 7,
                "sequence_start": True,
                "priority": 1,
                "timeout": 5,
                "a": {"b": [1]},
            }
        },
        {"parameters": {"content_type": "np", "headers": {"x": "y"}}},
        {"outputs": [{"name": "probabilities", "parameters": {"classification": 0, "content_type": "np"}}]},
        {"outputs": [{"name": "probabilities", "parameters": None}]},
    ],
)
def test_what_the_protocol_lets_a_client_send_is_taken(
    client: FlaskClient, served: int, more: dict[str, Any]
) -> None:
    expected = probabilities(infer(client, tensor(WINE[:2])))
    sent = tensor(WINE[:2], parameters={"content_type": "np", "unit": "%"})
    assert probabilities(infer(client, sent, **more)) == expected


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", ""])
def test_content_types_are_read_as_http_has_them(client: FlaskClient, served: int, kind: str) -> None:
    assert send(client, json.dumps({"inputs": [tensor(WINE[:1])]}), kind=kind)["outputs"]


@pytest.mark.parametrize(
    "kind",
    ["FP64", "FP32", "FP16", "BF16", "BOOL"] + [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 64)],
)
@pytest.mark.parametrize("shape", [[2], [2, 1]])
def test_a_column_comes_in_every_type_and_shape(
    client: FlaskClient, served: int, kind: str, shape: list[int]
) -> None:
    values: list[Any] = [True, False] if kind == "BOOL" else [1, 0]
    columns = [
        {"name": name, "shape": shape, "datatype": kind, "data": values if len(shape) == 1 else [[1], [0]]}
        for name in NAMES
    ]
    expected = infer(client, tensor([[1.0] * 13, [0.0] * 13]))
    assert probabilities(infer(client, *columns)) == probabilities(expected)


@pytest.mark.parametrize(
    ("kind", "data"),
    [("BOOL", b"\x01" * 13), ("BF16", b"\x80\x3f" * 13), ("FP16", np.ones(13, "<f2").tobytes())],
)
def test_small_types_come_as_bytes_too(client: FlaskClient, served: int, kind: str, data: bytes) -> None:
    expected = probabilities(infer(client, tensor([[1.0] * 13])))
    sized = {"binary_data_size": len(data)}
    described = {"name": "features", "shape": [1, 13], "datatype": kind, "parameters": sized}
    head = json.dumps({"inputs": [described]}).encode()
    for pack, encoding in ((bytes, "identity"), (gzip.compress, "gzip"), (zlib.compress, "deflate")):
        headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Encoding": encoding}
        answer = client.post(INFER, data=pack(head + data), headers=headers)
        assert answer.status_code == 200, answer.json
        assert probabilities(answer.get_json()) == expected


@pytest.mark.parametrize("written", ["NaN", "null", '"NaN"', '"nan"', '"NA"', '"null"', '""', '"None"'])
def test_a_missing_value_is_taken_however_it_is_written(
    client: FlaskClient, served: int, written: str
) -> None:
    expected = predict(client, columns([GAP]))
    row = json.dumps(GAP).replace("null", written)
    record = json.dumps(dict(zip(NAMES, GAP, strict=True))).replace("null", written)
    by_column = json.dumps({name: [cell] for name, cell in zip(NAMES, GAP, strict=True)})
    names = json.dumps(NAMES)
    for body in (
        f'{{"dataframe_split": {{"index": [0], "columns": {names}, "data": [{row}]}}}}',
        f'{{"dataframe_records": [{record}]}}',
        f'{{"inputs": [{row}]}}',
        f'{{"inputs": {by_column.replace("null", written)}}}',
        f'{{"instances": [{record}], "params": {{}}}}',
    ):
        assert send(client, body, "/invocations") == {"predictions": expected["predictions"]}
    told = json.dumps({"inputs": [tensor([GAP])]}).replace("null", written)
    assert probabilities(send(client, told)) == expected["probabilities"][0]


@pytest.mark.parametrize(
    "written", ["Infinity", "-Infinity", "1e400", '"inf"', '"Infinity"', '"x"', "[1]", "{}"]
)
def test_what_is_neither_a_number_nor_missing_is_refused_by_column_and_row(
    client: FlaskClient, served: int, written: str
) -> None:
    row = json.dumps([WINE[0][0], *GAP[:1], *WINE[0][2:]]).replace("null", written)
    frame = f'{{"dataframe_split": {{"columns": {json.dumps(NAMES)}, "data": [{row}]}}}}'
    flat = f'{{"inputs": [{{"name": "all", "shape": [1, 13], "datatype": "FP64", "data": {row}}}]}}'
    for path, body in (("/invocations", frame), (INFER, flat)):
        answer = client.post(path, data=body, content_type="application/json")
        assert answer.status_code == 400
        assert "'malic_acid' of row 0" in answer.get_json()["error"]


@pytest.mark.parametrize("missing", ["", "NaN", "NA", "null", "nan", "N/A", "<NA>", '"NA"'])
def test_a_csv_has_missing_values_as_pandas_reads_them(
    client: FlaskClient, served: int, missing: str
) -> None:
    header = ",".join(f'"{name}"' for name in NAMES)
    lines = [",".join(missing if cell is None else str(cell) for cell in row) for row in (GAP, WINE[100])]
    expected = predict(client, columns([GAP, WINE[100]]))["predictions"]
    told = send(client, "\r\n".join([header, *lines, ""]), "/invocations", "TEXT/CSV; charset=UTF-8")
    assert told == {"predictions": expected}


def test_csv_and_frames_of_texts_numbers_and_flags_are_answered_as_records_are(
    client: FlaskClient, words: list[list[Any]]
) -> None:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in words]
    expected = predict(client, {"records": records, "use_case": "words"})["predictions"]
    flagged = [[*row[:4], bool(row[4])] for row in words]
    numbered = [[*row[:2], row[2] and int(row[2]), *row[3:]] for row in words]
    floated = [[*row[:2], row[2] and float(row[2]), *row[3:]] for row in words]
    for rows in (words, flagged, numbered, floated):
        text = "\n".join(
            ",".join("" if cell is None else str(cell) for cell in row) for row in (COLUMNS, *rows)
        )
        path = "/invocations?use_case=words"
        if rows is not floated:
            assert send(client, text, path, "text/csv") == {"predictions": expected}
        body = {"dataframe_split": {"columns": COLUMNS, "data": rows}}
        assert send(client, json.dumps(body), path) == {"predictions": expected}
        nested = {
            name: [[cell] for cell in column]
            for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)
        }
        assert send(client, json.dumps({"inputs": nested}), path) == {"predictions": expected}
        one = {"inputs": dict(zip(COLUMNS, rows[0], strict=True))}
        assert send(client, json.dumps(one), path) == {"predictions": expected[:1]}


def test_names_of_our_own_are_names_of_features_too(client: FlaskClient, words: list[list[Any]]) -> None:
    expected = predict(client, {"columns": COLUMNS, "data": words, "use_case": "words"})
    flat = [value for row in expected["probabilities"] for value in row]
    by_column = [
        {"name": name, "shape": [10], "datatype": kind, "data": [row[number] for row in words]}
        for number, (name, kind) in enumerate(zip(COLUMNS, TYPES, strict=True))
    ]
    encoded = [row[1] and base64.b64encode(row[1].encode()).decode() for row in words]
    as_base64 = {**by_column[1], "data": encoded, "parameters": {"content_type": "base64"}}
    flags = {**by_column[4], "datatype": "BOOL", "data": [bool(row[4]) for row in words]}
    whole = {"name": "features", "shape": [10, 5], "datatype": "BYTES", "data": words}
    for inputs in (
        by_column,
        by_column[::-1],
        [by_column[0], as_base64, *by_column[2:4], flags],
        [whole],
        [{**whole, "name": "rows"}],
    ):
        assert probabilities(infer(client, *inputs, path="/v2/models/words/infer")) == flat


def test_the_most_probable_classes_are_told_as_triton_tells_them(client: FlaskClient, served: int) -> None:
    asked = [{"name": "probabilities", "parameters": {"classification": 2}}]
    told = outputs(infer(client, tensor(WINE[:1]), outputs=asked))["probabilities"]
    by_class = predict(client, columns(WINE[:1]))["probabilities"][0]
    assert (told["datatype"], told["shape"]) == ("BYTES", [1, 2])
    assert told["data"] == [f"{by_class[0]:f}:0", f"{by_class[1]:f}:1"]


@pytest.mark.parametrize(
    ("changed", "more", "word"),
    [
        ({"parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 8}}, {}, "shared memory"),
        ({}, {"outputs": [{"name": "predictions", "parameters": {"shared_memory_region": "r"}}]}, "shared"),
        ({}, {"outputs": [{"name": "predictions", "parameters": {"classification": 2}}]}, "classification"),
        (
            {},
            {"outputs": [{"name": "probabilities", "parameters": {"classification": "2"}}]},
            "classification",
        ),
        ({"shape": [0, 13], "data": []}, {}, "no rows"),
        ({"shape": [13], "data": WINE[0]}, {}, "[rows, 13]"),
        ({"datatype": "BYTES", "data": ["=="] * 13, "parameters": {"content_type": "base64"}}, {}, "base64"),
    ],
)
def test_what_cannot_be_given_is_refused_in_words(
    client: FlaskClient, served: int, *, changed: dict[str, Any], more: dict[str, Any], word: str
) -> None:
    answer = client.post(INFER, json={"inputs": [tensor(WINE[:1], **changed)], **more})
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]


@pytest.mark.parametrize("path", ["/root/ml/predict", "/invocations", INFER])
def test_a_compressed_body_is_taken_and_a_wrong_one_told(client: FlaskClient, served: int, path: str) -> None:
    body = {"inputs": [tensor(WINE[:1])]} if path == INFER else columns(WINE[:1])
    plain = json.dumps(body).encode()
    packed = gzip.compress(plain)
    for data, encoding, status in ((packed, "gzip", 200), (packed, "br", 415), (plain, "gzip", 400)):
        headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
        assert client.post(path, data=data, headers=headers).status_code == status


@pytest.mark.usefixtures("words")
def test_another_use_cases_deployment_is_no_version_trained_or_not(client: FlaskClient) -> None:
    untrained = client.post(
        "/root/ml/set_model", json={"model_name": "LogisticRegression", "use_case": "words"}
    ).get_json()["deployment_id"]
    for version in (untrained, untrained - 1):
        answer = client.get(f"/v2/models/wine/versions/{version}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_deployment")
