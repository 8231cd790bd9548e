"""Whom the app lets in is let in by the event loop too, as the same caller, and nobody else is."""

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask
from flask_restful import Resource

from fleet.settings import ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.credentials import caller
from fleet.web.direct import DirectLane, DirectRequest, answer_directly
from fleet.web.roles import takes_role
from tests.accounts import API_KEYS, KEYS, USERS, basic, bearer

HERE = {"Host": "127.0.0.1:5999"}
BEHALF = "X-On-Behalf-Of"


class ForUsers(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What a user may do."""

    @takes_role("user")
    def post(self) -> dict[str, str]:
        return {"name": caller().name}


class ForAdmins(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What an admin may do."""

    @takes_role("admin")
    def post(self) -> dict[str, str]:
        return {"name": caller().name}


def make(**told: Any) -> tuple[Flask, DirectLane]:
    settings = ServiceSettings(port=5999, service_url="/tea", **told)
    app = make_app("tea", settings)
    routes = [Route(ForUsers, ["/users"]), Route(ForAdmins, ["/admins"])]
    add_routes(app, routes, prefixes=["/root/tea"], ready=lambda: None)

    def work(_: DirectRequest) -> bytes:
        return b"{}"

    answer_directly(app, ["/root/tea/users", "/root/tea/admins"], work)
    return app, DirectLane(app, settings.trusted_proxies)


def directly(lane: DirectLane, path: str, headers: dict[str, str]) -> bool:
    scope = cast(Any, SimpleNamespace(path=path, method="POST", query_string=""))
    read = {name.lower(): value for name, value in headers.items()} | {"content-type": "application/json"}

    async def answer() -> bool:
        return lane.answer(scope, read, b"{}", "r1") is not None

    try:
        return asyncio.run(answer())
    finally:
        lane.write_log()


WITH_ACCOUNTS: list[dict[str, str]] = [
    {},
    basic("alice"),
    basic("bob"),
    basic("bob", "wrong"),
    bearer(KEYS["robot"]),
    bearer(KEYS["prometheus"]),
    bearer(KEYS["robot"] + "x"),
    bearer(KEYS["tracking"]),
    bearer(KEYS["tracking"]) | {BEHALF: "bob:user"},
    bearer(KEYS["tracking"]) | {BEHALF: "alice:admin"},
    bearer(KEYS["tracking"]) | {BEHALF: "bob"},
    bearer(KEYS["tracking"]) | {BEHALF: "anonymous:admin"},
    bearer(KEYS["robot"]) | {BEHALF: "bob:user"},
    bearer(KEYS["robot"]) | {"Origin": "http://elsewhere.example"},
    bearer(KEYS["robot"]) | {"Origin": "http://127.0.0.1:5999"},
    bearer(KEYS["robot"]) | {"Sec-Fetch-Site": "cross-site"},
    bearer(KEYS["robot"]) | {"Sec-Fetch-Site": "same-origin"},
    {"Authorization": "Digest username=alice"},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic not-base64!"},
]
WITHOUT: list[dict[str, str]] = [
    {},
    basic("bob"),
    {"Host": "localhost:5999"},
    {"Host": "mlfleet.example.org"},
    {"X-Forwarded-Host": "mlfleet.example.org"},
    {"X-Forwarded-Host": "127.0.0.1:8080"},
    {"X-Forwarded-Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080"},
    {"X-Forwarded-Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:5999"},
    {"Host": "mlfleet.example.org", "X-Forwarded-Host": "127.0.0.1:8080"},
]


@pytest.mark.parametrize("path", ["/root/tea/users", "/root/tea/admins"])
@pytest.mark.parametrize(
    ("told", "headers"),
    [
        *(({"users": USERS, "api_keys": API_KEYS}, headers) for headers in WITH_ACCOUNTS),
        *(({"trusted_proxies": proxies}, headers) for headers in WITHOUT for proxies in (0, 1)),
        *(({"auth": "off", "trusted_proxies": 1}, headers) for headers in WITHOUT),
    ],
)
def test_both_lanes_let_in_the_same(
    told: dict[str, Any], headers: dict[str, str], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app, lane = make(**told)
    headers = HERE | headers
    answer = app.test_client().post(path, json={}, headers=headers)  # from now on, a right password is known
    assert answer.status_code in (200, 400, 401, 403)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert directly(lane, path, headers) is (answer.status_code == 200)
    if answer.status_code == 200:
        (line,) = caplog.records
        name = json.loads(answer.data)["name"]
        assert getattr(line, "user", "anonymous") == name
        assert line.getMessage().startswith(f"POST {path} 200 in ")


def test_what_has_to_be_found_out_first_goes_the_ordinary_way_and_is_counted_there() -> None:
    app, lane = make(users=USERS, api_keys=API_KEYS)
    path = "/root/tea/users"
    wrong = HERE | bearer("mlfleet_wrong")
    assert not any(directly(lane, path, wrong) for _ in range(30))
    assert app.test_client().post(path, json={}, headers=wrong).status_code == 401
    known = HERE | basic("bob")
    assert not directly(lane, path, known)
    assert app.test_client().post(path, json={}, headers=known).status_code == 200
    assert directly(lane, path, known)
