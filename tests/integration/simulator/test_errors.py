"""Bad requests to the simulator: the status, a body that says what to do, nothing internal, no trace left."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.simulator.conftest import MAX_BODY_BYTES, Rows

PATH = "/root/simulator"
INTERNAL = re.compile(r"Traceback|File \"|SELECT|psycopg2|sqlalchemy|pydantic|site-packages|\.py\b")


def assert_error(response: TestResponse, status: int, *named: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    body = response.json
    assert isinstance(body, dict)
    assert set(body) == {"code", "error", "message", "request_id"}
    assert body["error"]
    assert body["message"]
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert not INTERNAL.search(response.text)
    for name in named:
        assert name in body["error"]
    return body


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"set_name": "validation"}, ["set_name", "training", "production", "dataset"]),
        ({"set_name": 3}, ["set_name"]),
        ({"set_name": None}, ["set_name"]),
        ({"set_name": ["training"]}, ["set_name"]),
        ({"set_name": {"name": "training"}}, ["set_name"]),
        ({"set_name": "Training"}, ["set_name"]),
        ({"set_name": ""}, ["set_name"]),
        ({}, ["set_name", "missing"]),
        ({"set_name": "training", "colour": "red"}, ["colour"]),
        ({"set_name": "training", "use_case": 7}, ["use_case"]),
        ({"set_name": "training", "use_case": ""}, ["use_case"]),
        ({"set_name": "training", "use_case": "x" * 64}, ["use_case"]),
        ({"set_name": "training", "fouling": {"level": "heavy"}}, ["fouling", "production"]),
        ({"set_name": "production", "fouling": "muddy"}, ["fouling.level"]),
        ({"set_name": "production", "fouling": {}}, ["fouling"]),
        ({"set_name": "production", "fouling": {"level": "extreme"}}, ["fouling.level"]),
        ({"set_name": "production", "fouling": {"level": "none", "shift": 1}}, ["fouling", "level"]),
        ({"set_name": "production", "fouling": {"dust": 1}}, ["fouling.dust"]),
        ({"set_name": "production", "fouling": {"missing": 1.1}}, ["fouling.missing"]),
        ({"set_name": "production", "fouling": {"missing": -0.1}}, ["fouling.missing"]),
        ({"set_name": "production", "fouling": {"noise": -1}}, ["fouling.noise"]),
        ({"set_name": "production", "fouling": {"rows": "half"}}, ["fouling.rows"]),
        ({"set_name": "production", "fouling": {"columns": []}}, ["fouling.columns"]),
        ({"set_name": "production", "fouling": {"columns": ["taste"]}}, ["fouling.columns", "taste"]),
        ({"set_name": "production", "fouling": {"seed": -1}}, ["fouling.seed"]),
        ({"set_name": "production", "fouling": {"seed": 1.5}}, ["fouling.seed"]),
        ({"set_name": "production", "fouling": {"shift": 1e300}}, ["fouling.shift"]),
    ],
)
def test_an_invalid_field_is_named(
    client: FlaskClient, rows: Rows, body: dict[str, object], named: list[str]
) -> None:
    assert_error(client.post(PATH, json=body), 400, *named)
    assert rows("SELECT count(*) FROM wine.samples") == [(0,)]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"{'set_name': 'training'}",
        b'{"set_name": training}',
        b'{"set_name": "training",}',
        b"",
        b"   ",
        b"[]",
        b"null",
        b'"training"',
        b"42",
        b"\xff\xfe",
        b'{"set_name": "\\ud800"}',
        b'{"set_name": "training", "use_case": "wi\\u0000ne"}',
        b'{"set_name": "training", "wi\\u0000ne": 1}',
        b'{"set_name": "production", "fouling": {"shift": NaN}}',
        b'{"set_name": "production", "fouling": {"shift": Infinity}}',
        b'{"set_name": "production", "fouling": {"shift": 1e999}}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"set_name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"set_name": "production", "fouling": {"seed": ' + b"9" * 5_000 + b"}}",
    ],
)
def test_a_body_that_is_not_a_sound_json_object_is_refused(client: FlaskClient, data: bytes) -> None:
    assert_error(client.post(PATH, data=data, content_type="application/json"), 400)
    assert client.post(PATH, json={"set_name": "training"}).status_code == 200


def test_a_request_without_a_body_is_refused(client: FlaskClient) -> None:
    assert_error(client.post(PATH), 400, "empty")


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "text/csv", "nonsense"])
def test_another_content_type_is_415(client: FlaskClient, content_type: str) -> None:
    response = client.post(PATH, data=b'{"set_name": "training"}', content_type=content_type)
    assert_error(response, 415, content_type)


def test_a_body_without_a_content_type_is_415(client: FlaskClient) -> None:
    assert_error(client.post(PATH, data=b'{"set_name": "training"}'), 415)


def test_json_with_a_charset_is_taken(client: FlaskClient) -> None:
    response = client.post(
        PATH, data=b'{"set_name": "training"}', content_type="application/json; charset=utf-8"
    )
    assert response.status_code == 200


@pytest.mark.parametrize("fields", [{"set_name": "training"}, {"set_name": "training", "use_case": "wine"}])
def test_a_form_is_taken(client: FlaskClient, fields: dict[str, str]) -> None:
    response = client.post(PATH, data=fields)
    assert (response.status_code, response.json) == (200, {"message": "Load training set", "rows": 106})


def test_a_multipart_form_is_taken(client: FlaskClient) -> None:
    response = client.post(PATH, data={"set_name": "testing"}, content_type="multipart/form-data")
    assert response.json == {"message": "Load testing set", "rows": 36}


def test_query_arguments_are_taken(client: FlaskClient) -> None:
    assert client.post(f"{PATH}?set_name=testing").json == {"message": "Load testing set", "rows": 36}


def test_a_form_holds_objects_as_json(client: FlaskClient, rows: Rows) -> None:
    fields = {"set_name": "production", "fouling": '{"missing": 1, "columns": ["hue"]}'}
    assert client.post(PATH, data=fields).status_code == 200
    assert rows("SELECT count(hue), count(ash) FROM wine.samples") == [(0, 36)]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"set_name": "nothing"}, "set_name"),
        ({"colour": "red", "set_name": "training"}, "colour"),
        ({"set_name": ["training", "testing"]}, "set_name"),
        ({"set_name": "production", "fouling": "{"}, "fouling"),
        ({"set_name": "trai\0ning"}, "NUL"),
        ({"set_name": "production", "fouling": "[" * 10_000}, "fouling"),
    ],
)
def test_an_invalid_form_is_refused(client: FlaskClient, fields: dict[str, object], named: str) -> None:
    assert_error(client.post(PATH, data=fields), 400, named)


@pytest.mark.parametrize(
    "query", ["set_name=nothing", "set_name=training&colour=red", "set_name=training&set_name=testing"]
)
def test_invalid_query_arguments_are_refused(client: FlaskClient, query: str) -> None:
    assert_error(client.post(f"{PATH}?{query}"), 400)


@pytest.mark.parametrize("query", ["colour=red", "use_case=", "use_case=a&use_case=b", "use_case=a%00b"])
def test_invalid_arguments_of_a_get_are_refused(client: FlaskClient, query: str) -> None:
    assert_error(client.get(f"{PATH}?{query}"), 400)


def test_an_unknown_use_case_is_404_and_the_known_ones_are_named(client: FlaskClient) -> None:
    body = assert_error(client.post(PATH, json={"set_name": "training", "use_case": "beer"}), 404, "beer")
    assert "wine" in body["message"]
    assert_error(client.get(f"{PATH}?use_case=beer"), 404, "beer")


def test_too_large_a_body_is_413(client: FlaskClient) -> None:
    body = {"set_name": "training", "use_case": "x" * MAX_BODY_BYTES}
    assert_error(client.post(PATH, json=body), 413)
    assert_error(client.post(PATH, data=body), 413)


def test_an_unknown_address_is_404(client: FlaskClient) -> None:
    assert_error(client.get("/root/nothing"), 404)
    assert_error(client.post("/root/simulator/"), 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_405_and_allow_names_the_right_ones(client: FlaskClient, method: str) -> None:
    response = client.open(PATH, method=method)
    assert_error(response, 405)
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_the_request_id_is_honoured(client: FlaskClient) -> None:
    response = client.get(f"{PATH}?use_case=beer", headers={"X-Request-ID": "abc-1"})
    assert response.headers["X-Request-ID"] == "abc-1"
    assert response.json["request_id"] == "abc-1"  # type: ignore[index]


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>"])
def test_an_unfit_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answered = client.get(PATH, headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", answered)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_answers(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200
