"""The app that every service is built on, with TESTING off: what a resource raises becomes the right answer.

Flask-RESTful turns errors of a resource into bare 500s unless its Api is taught not to.
"""

import logging
from typing import Annotated, Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask_restful import Resource
from pydantic import Field
from werkzeug.exceptions import NotFound

from fleet.errors import ConflictError, SiblingRefusedError, UnavailableError
from fleet.settings import ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.roles import takes_role
from fleet.web.validation import Id, RequestModel, accepts

RAISED: dict[str, Exception] = {
    "fleet": ConflictError("The pot is empty", "Fill it"),
    "sibling": SiblingRefusedError(422, {"error": "Too hot", "message": "Wait", "limit": 90}),
    "unavailable": UnavailableError("No water", "Open the tap"),
    "http": NotFound(),
    "bug": ZeroDivisionError("secret detail of SELECT 1"),
    "key": KeyError("secret detail"),
}


class Tea(RequestModel):
    """A request."""

    leaf: str
    cup: Id = "1"
    grams: Annotated[float, Field(ge=0)] = 2.0
    additions: dict[str, Any] = {}


class Filter(RequestModel):
    """Query arguments."""

    limit: Annotated[int, Field(ge=1)] = 10


class Raising(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Raises what it is told."""

    @takes_role("user")
    def get(self, name: str) -> dict[str, str]:
        if name == "abort":
            abort(403)
        raise RAISED[name]


class Brewing(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Answers what it understood."""

    @accepts(role="user", body=Tea, form=True)
    def post(self, body: Tea) -> dict[str, Any]:
        return body.model_dump()

    @accepts(role="user", body=Tea, query=Filter)
    def put(self, body: Tea, query: Filter) -> dict[str, Any]:
        return {**body.model_dump(), **query.model_dump()}

    @accepts(role="user", query=Filter)
    def get(self, query: Filter) -> dict[str, Any]:
        return query.model_dump()


def not_ready() -> None:
    raise UnavailableError("No water", "Open the tap")


@pytest.fixture
def app() -> Flask:
    settings = ServiceSettings(port=5999, service_url="/tea", max_body_bytes=50_000)
    app = make_app("tea", settings)
    routes = [Route(Raising, ["/raise/<name>"]), Route(Brewing, [""])]
    add_routes(app, routes, prefixes=["/root/tea", "/root/infusion"], ready=not_ready)
    assert not app.testing
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("fleet", 409, "The pot is empty"),
        ("sibling", 422, "Too hot"),
        ("unavailable", 503, "No water"),
        ("http", 404, "Not Found"),
        ("abort", 403, "Forbidden"),
    ],
)
@pytest.mark.parametrize("testing", [False, True])
def test_an_error_in_a_resource_is_rendered(
    app: Flask, name: str, status: int, error: str, testing: bool
) -> None:
    app.testing = testing
    response = app.test_client().get(f"/root/tea/raise/{name}")
    assert (response.status_code, response.json["error"]) == (status, error)  # type: ignore[index]
    assert response.json["message"]  # type: ignore[index]
    assert response.json["request_id"] == response.headers["X-Request-ID"]  # type: ignore[index]


@pytest.mark.parametrize("name", ["bug", "key"])
def test_a_bug_is_500_that_tells_nothing_and_is_logged(
    client: FlaskClient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = client.get(f"/root/tea/raise/{name}")
    assert response.status_code == 500
    assert set(response.json or {}) == {"code", "error", "message", "request_id"}
    assert "secret" not in response.text
    assert "secret detail" in caplog.text


def test_further_fields_of_a_siblings_refusal_are_passed_on(client: FlaskClient) -> None:
    assert client.get("/root/tea/raise/sibling").json["limit"] == 90  # type: ignore[index]


def test_readiness_says_why_not(client: FlaskClient) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json["error"]) == (503, "No water")  # type: ignore[index]
    assert client.get("/health/live").json == {"status": "live"}


def test_every_prefix_leads_to_the_routes(client: FlaskClient) -> None:
    for prefix in ("/root/tea", "/root/infusion"):
        assert client.get(prefix).json == {"limit": 10}


@pytest.mark.parametrize(("cup", "understood"), [("a1", "a1"), (7, "7"), ("7", "7")])
def test_an_id_is_text_or_an_integer(client: FlaskClient, cup: object, understood: str) -> None:
    response = client.post("/root/tea", json={"leaf": "green", "cup": cup})
    assert response.json["cup"] == understood  # type: ignore[index]


@pytest.mark.parametrize("cup", [True, 1.5, None, [], {}, "", "x" * 251])
def test_an_id_is_nothing_else(client: FlaskClient, cup: object) -> None:
    response = client.post("/root/tea", json={"leaf": "green", "cup": cup})
    assert response.status_code == 400
    assert "cup" in response.json["error"]  # type: ignore[index]


def test_several_faults_are_named_together(client: FlaskClient) -> None:
    error = client.post("/root/tea", json={"grams": -1, "milk": 1}).json["error"]  # type: ignore[index]
    assert all(name in error for name in ("leaf", "grams", "milk"))


def test_the_message_lists_the_fields_of_the_request(client: FlaskClient) -> None:
    message = client.post("/root/tea", json={}).json["message"]  # type: ignore[index]
    assert all(name in message for name in ("leaf", "cup", "grams", "additions"))


def test_form_texts_are_read_as_the_types_they_stand_for(client: FlaskClient) -> None:
    fields = {"leaf": "green", "grams": "2.5", "cup": "3", "additions": '{"milk": [1, null]}'}
    assert client.post("/root/tea", data=fields).json == {
        "leaf": "green",
        "grams": 2.5,
        "cup": "3",
        "additions": {"milk": [1, None]},
    }


def test_a_body_goes_before_query_arguments(client: FlaskClient) -> None:
    response = client.post("/root/tea?leaf=black&grams=3", json={"leaf": "green"})
    assert (response.json["leaf"], response.json["grams"]) == ("green", 3)  # type: ignore[index]


def test_an_empty_json_body_with_query_arguments_is_taken(client: FlaskClient) -> None:
    response = client.post("/root/tea?leaf=black", content_type="application/json")
    assert response.json["leaf"] == "black"  # type: ignore[index]


def test_where_forms_are_not_taken_they_are_415(client: FlaskClient) -> None:
    response = client.put("/root/tea", data={"leaf": "green"})
    assert response.status_code == 415


def test_body_and_query_are_checked_apart(client: FlaskClient) -> None:
    response = client.put("/root/tea?limit=3", json={"leaf": "green"})
    assert (response.json["leaf"], response.json["limit"]) == ("green", 3)  # type: ignore[index]
    assert client.put("/root/tea?leaf=green", json={"leaf": "green"}).status_code == 400
    assert client.put("/root/tea?limit=0", json={"leaf": "green"}).status_code == 400


def test_nul_is_found_at_any_depth(client: FlaskClient) -> None:
    response = client.post("/root/tea", json={"leaf": "green", "additions": {"a": [{"b": "c\0"}]}})
    assert response.status_code == 400
    assert "NUL" in response.json["error"]  # type: ignore[index]


def test_a_deep_but_valid_body_is_answered(client: FlaskClient) -> None:
    deep = '{"leaf": "green", "additions": ' + '{"a":' * 150 + "1" + "}" * 151
    assert client.post("/root/tea", data=deep, content_type="application/json").status_code == 200


@pytest.mark.parametrize(("additions", "status"), [({"a": [[]]}, 200), ({"a": [[[]]]}, 400)])
def test_what_is_nested_deeper_than_the_setting_says_is_refused(
    app: Flask, additions: object, status: int
) -> None:
    app.config["MAX_JSON_DEPTH"] = 4
    response = app.test_client().post("/root/tea", json={"leaf": "green", "additions": additions})
    assert response.status_code == status
