"""Who is let in: the web face with users and keys, and with TESTING off."""

import logging
import time
from base64 import b64encode
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask_restful import Resource

from fleet.accounts import User
from fleet.settings import ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.credentials import caller, require
from fleet.web.failures import MOST_FAILURES
from fleet.web.roles import UndeclaredRoleError, takes_role
from fleet.web.validation import RequestModel, accepts
from tests.accounts import API_KEYS, CHEAP, KEYS, PASSWORDS, USERS, basic, bearer

PATH = "/root/tea"


class Order(RequestModel):
    """A request."""

    leaf: str
    all_of_it: bool = False


class Tea(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Says who asks, and how they came here."""

    @takes_role("user")
    def get(self) -> dict[str, Any]:
        asking = caller()
        return {
            "name": asking.name,
            "role": asking.role,
            "request_id": asking.request_id,
            "address": request.remote_addr,
            "url": request.url,
        }

    @accepts(role="user", body=Order)
    def post(self, body: Order) -> dict[str, str]:
        if body.all_of_it:
            require("admin")
        return {"name": caller().name}

    @takes_role("admin")
    def delete(self) -> dict[str, str]:
        return {"name": caller().name}


class Undeclared(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Does not say who may call it."""

    def get(self) -> dict[str, str]:
        return {}


def make(*, route: Route | None = None, **settings: Any) -> Flask:
    told = {"users": USERS, "api_keys": API_KEYS, **settings}
    app = make_app("tea", ServiceSettings(port=5999, service_url="/tea", **told))
    add_routes(app, [route or Route(Tea, [""])], prefixes=[PATH], ready=lambda: None)
    assert not app.testing
    return app


@pytest.fixture
def client() -> FlaskClient:
    return make().test_client()


def test_without_credentials_the_answer_says_how_to_give_them(client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "Invalid credentials")
    assert answer.get_json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers.getlist("WWW-Authenticate") == ['Basic realm="mlfleet"', 'Bearer realm="mlfleet"']


@pytest.mark.parametrize(
    ("headers", "name", "role"),
    [
        (basic("alice"), "alice", "admin"),
        (basic("bob"), "bob", "user"),
        (bearer(KEYS["robot"]), "robot", "admin"),
        (bearer(KEYS["prometheus"]), "prometheus", "user"),
        (bearer(KEYS["tracking"]), "tracking", "admin"),
    ],
)
def test_the_right_ones_are_let_in(
    client: FlaskClient, headers: dict[str, str], name: str, role: str
) -> None:
    answer = client.get(PATH, headers={**headers, "X-Request-ID": "r1"}).get_json()
    assert (answer["name"], answer["role"], answer["request_id"]) == (name, role, "r1")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_is_let_in_however_a_client_writes_its_letters(encoding: str) -> None:
    """requests writes Latin-1, curl what the terminal has, browsers UTF-8."""
    user = User("dana", "user", CHEAP.hash("pässword"))
    sent = b64encode("dana:pässword".encode(encoding)).decode()
    answer = make(users=(*USERS, user)).test_client().get(PATH, headers={"Authorization": f"Basic {sent}"})
    assert (answer.status_code, answer.get_json()["name"]) == (200, "dana")


@pytest.mark.parametrize(
    "headers",
    [
        basic("bob", "wrong"),
        basic("nobody", "wrong"),
        basic("alice", ""),
        basic("", ""),
        bearer("wrong"),
        bearer(""),
        bearer("é\xff"),
        bearer(KEYS["robot"] + "x"),
        bearer(API_KEYS[0].digest),
        {"Authorization": "Basic"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Digest username=alice"},
        {"Authorization": "Basic " + basic("alice")["Authorization"]},
        {"X-On-Behalf-Of": "alice:admin"},
    ],
)
def test_all_others_get_one_and_the_same_answer(client: FlaskClient, headers: dict[str, str]) -> None:
    headers = {**headers, "X-Request-ID": "same"}
    plain = client.get(PATH, headers={"X-Request-ID": "same"})
    answer = client.get(PATH, headers=headers)
    assert (answer.status_code, answer.data) == (401, plain.data)
    assert dict(answer.headers) == dict(plain.headers)


def test_a_user_may_not_do_what_an_admin_may(client: FlaskClient) -> None:
    answer = client.delete(PATH, headers=basic("bob"))
    assert (answer.status_code, "'admin'" in answer.get_json()["error"]) == (403, True)
    assert "WWW-Authenticate" not in answer.headers
    assert client.delete(PATH, headers=basic("alice")).get_json() == {"name": "alice"}


def test_a_route_may_take_more_for_some_of_what_it_does(client: FlaskClient) -> None:
    def order(name: str, **fields: Any) -> int:
        return client.post(PATH, json={"leaf": "green", **fields}, headers=basic(name)).status_code

    assert (order("bob"), order("bob", all_of_it=True), order("alice", all_of_it=True)) == (200, 403, 200)


def test_credentials_are_asked_for_before_the_request_is_looked_at(client: FlaskClient) -> None:
    assert client.post(PATH, data=b"not JSON", content_type="application/json").status_code == 401
    assert client.get("/nowhere").status_code == 404
    assert client.put(PATH).status_code == 405


def test_health_is_open_and_nothing_else_is(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200
    assert client.get("/openapi.json").status_code == 401
    assert client.get("/openapi.json", headers=bearer(KEYS["prometheus"])).status_code == 200


def test_the_document_says_which_credentials_a_route_takes() -> None:
    told = make().test_client().get("/openapi.json", headers=basic("bob")).get_json()
    assert set(told["components"]["securitySchemes"]) == {"basic", "bearer"}
    assert "security" not in told["paths"]["/health/live"]["get"]
    off = make(auth="off").test_client().get("/openapi.json").get_json()
    assert "securitySchemes" not in off["components"]


def test_a_sibling_names_the_person_whose_role_decides(client: FlaskClient) -> None:
    def call(method: str, who: str, key: str = "tracking") -> Any:
        headers = {**bearer(KEYS[key]), "X-On-Behalf-Of": who}
        return client.open(PATH, method=method, headers=headers)

    assert call("DELETE", "carol:admin").get_json() == {"name": "carol"}
    assert call("GET", "carol:user").get_json()["role"] == "user"
    assert call("DELETE", "carol:user").status_code == 403


def test_nobody_but_a_sibling_is_believed(client: FlaskClient) -> None:
    for headers in (bearer(KEYS["prometheus"]), basic("bob")):
        named = {**headers, "X-On-Behalf-Of": "alice:admin"}
        assert client.delete(PATH, headers=named).status_code == 403
        assert client.get(PATH, headers=named).get_json()["name"] in ("prometheus", "bob")


@pytest.mark.parametrize("who", ["", "alice", "alice:root", ":admin", "a b:admin", "alice:admin,bob:user"])
def test_a_sibling_that_names_somebody_otherwise_is_refused(client: FlaskClient, who: str) -> None:
    answer = client.get(PATH, headers={**bearer(KEYS["tracking"]), "X-On-Behalf-Of": who})
    assert (answer.status_code, "X-On-Behalf-Of" in answer.get_json()["error"]) == (400, True)


def test_failures_are_bounded_by_client(client: FlaskClient) -> None:
    def get(address: str, headers: dict[str, str]) -> Any:
        return client.get(PATH, headers=headers, environ_base={"REMOTE_ADDR": address})

    statuses = [get("192.0.2.1", basic("alice", "wrong")).status_code for _ in range(MOST_FAILURES + 2)]
    assert statuses == [401] * MOST_FAILURES + [429] * 2
    refused = get("192.0.2.1", basic("alice"))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert get("192.0.2.2", basic("alice")).status_code == 200
    assert get("192.0.2.1", basic("alice")).status_code == 200  # remembered by now
    assert get("192.0.2.1", bearer(KEYS["robot"])).status_code == 200
    assert get("192.0.2.1", {}).status_code == 401  # who sends nothing has not failed


@pytest.mark.alone
def test_a_remembered_password_costs_next_to_nothing(client: FlaskClient) -> None:
    client.get(PATH, headers=basic("alice"))
    start = time.perf_counter()
    for _ in range(100):
        client.get(PATH, headers=basic("alice"))
    assert (time.perf_counter() - start) / 100 < 0.02


def test_while_credentials_are_off_everybody_is_the_anonymous_admin() -> None:
    client = make(auth="off").test_client()
    assert client.delete(PATH).get_json() == {"name": "anonymous"}
    assert client.delete(PATH, headers=basic("bob")).get_json() == {"name": "anonymous"}
    assert client.delete(PATH, headers={"X-On-Behalf-Of": "alice:admin"}).get_json() == {"name": "anonymous"}


def test_no_secret_is_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for headers in (
            basic("alice"),
            basic("alice", "mistyped"),
            bearer(KEYS["robot"]),
            bearer("mistyped"),
        ):
            client.get(PATH, headers=headers)
    assert "/root/tea" in caplog.text
    for secret in (PASSWORDS["alice"], "mistyped", KEYS["robot"], basic("alice")["Authorization"]):
        assert secret not in caplog.text


def test_a_route_that_declares_no_role_is_refused_at_the_start() -> None:
    with pytest.raises(UndeclaredRoleError, match="GET /root/tea declares no role"):
        make(route=Route(Undeclared, [""]))


FORWARDED = {
    "X-Forwarded-For": "203.0.113.7, 198.51.100.2",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "ml.example.org",
    "X-Forwarded-Prefix": "/fleet",
}


@pytest.mark.parametrize(
    ("proxies", "address", "url"),
    [
        (0, "127.0.0.1", "http://localhost/root/tea"),
        (1, "198.51.100.2", "https://ml.example.org/fleet/root/tea"),
    ],
)
def test_forwarded_headers_are_believed_of_as_many_proxies_as_are_trusted(
    proxies: int, address: str, url: str
) -> None:
    client = make(trusted_proxies=proxies).test_client()
    answer = client.get(PATH, headers={**FORWARDED, **basic("alice")}).get_json()
    assert (answer["address"], answer["url"]) == (address, url)


def test_behind_a_proxy_failures_are_counted_by_the_address_that_it_names() -> None:
    client = make(trusted_proxies=1).test_client()

    def fail(address: str) -> int:
        headers = {**basic("alice", "wrong"), "X-Forwarded-For": address}
        return client.get(PATH, headers=headers).status_code

    assert [fail("203.0.113.7") for _ in range(MOST_FAILURES + 1)][-1] == 429
    assert fail("203.0.113.8") == 401
    assert fail("198.51.100.9, 203.0.113.7") == 429  # what the client made up is not believed


def test_a_sibling_that_asks_nobody_lends_nobody_its_rights(client: FlaskClient) -> None:
    headers = {**bearer(KEYS["tracking"]), "X-On-Behalf-Of": "anonymous:admin"}
    assert client.get(PATH, headers=headers).status_code == 403
