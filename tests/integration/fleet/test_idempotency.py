"""`@idempotent`: a request that is sent twice is done once. Keys are kept in memory here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_restful import Resource
from werkzeug.test import TestResponse

from fleet.errors import ConflictError, UnavailableError
from fleet.idempotency import KeptAnswer, KeyedRequest, RequestRunningError
from fleet.settings import ServiceSettings
from fleet.web.answers import AnswerModel, answers
from fleet.web.app import Route, add_routes, make_app
from fleet.web.idempotency import idempotent, keep_answers
from fleet.web.validation import RequestModel, accepts
from tests.accounts import API_KEYS, USERS, basic

PATH = "/root/tea"


class Order(RequestModel):
    """A request."""

    leaf: str
    cups: int = 1


class Served(AnswerModel):
    """An answer."""

    pot: int


class Tea(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Serves one pot after the other."""

    def __init__(self, served: list[str]) -> None:
        self._served = served

    @answers(Served, status=201)
    @accepts(role="user", body=Order, form=True)
    @idempotent
    def post(self, body: Order) -> tuple[dict[str, int], int]:
        self._served.append(body.leaf)
        if body.leaf == "none":
            raise ConflictError("There is no tea", "Buy some")
        if body.leaf == "spilt":
            raise RuntimeError
        return {"pot": len(self._served)}, 201


@dataclass
class MemoryClaim:
    """A claim of a key."""

    kept: dict[KeyedRequest, KeptAnswer]
    request: KeyedRequest
    error: Exception | None

    @property
    def found(self) -> KeptAnswer | None:
        return self.kept.get(self.request)

    def keep(self, answer: KeptAnswer) -> None:
        if self.error is not None:
            raise self.error
        self.kept[self.request] = answer


@dataclass
class Memory:
    """Where answers are kept. error: what keeping one raises; running: whether all keys are claimed."""

    kept: dict[KeyedRequest, KeptAnswer] = field(default_factory=dict)
    error: Exception | None = None
    running: bool = False

    @contextmanager
    def claim(self, request: KeyedRequest) -> Iterator[MemoryClaim]:
        if self.running:
            raise RequestRunningError
        yield MemoryClaim(self.kept, request, self.error)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def served() -> list[str]:
    """The work that was done."""
    return []


@pytest.fixture
def client(memory: Memory, served: list[str]) -> FlaskClient:
    told: dict[str, Any] = {"users": USERS, "api_keys": API_KEYS}
    app = make_app("tea", ServiceSettings(port=5999, service_url="/tea", **told))
    keep_answers(app, memory.claim)
    add_routes(app, [Route(Tea, [""], {"served": served})], prefixes=[PATH, "/tee"], ready=lambda: None)
    return app.test_client()


def order(
    client: FlaskClient, key: str | None = "k-1", *, by: str = "alice", path: str = PATH, **fields: Any
) -> TestResponse:
    headers = basic(by) | ({} if key is None else {"Idempotency-Key": key})
    return client.post(path, json={"leaf": "green", **fields}, headers=headers)


def test_without_a_key_everything_is_done_again(client: FlaskClient, served: list[str]) -> None:
    pots = [order(client, None).get_json()["pot"] for _ in range(2)]
    assert pots == [1, 2]


def test_a_key_that_was_used_gets_the_same_answer(client: FlaskClient, served: list[str]) -> None:
    first, again = order(client), order(client)
    assert (again.status_code, again.get_json()) == (first.status_code, first.get_json()) == (201, {"pot": 1})
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert served == ["green"]


def test_it_is_what_is_said_that_counts_not_how(client: FlaskClient, served: list[str]) -> None:
    order(client)
    headers = basic("alice") | {"Idempotency-Key": "k-1"}
    form = client.post(PATH, data={"cups": "1", "leaf": "green"}, headers=headers)
    alias = order(client, path="/tee", cups=1)
    assert form.headers["Idempotent-Replayed"] == alias.headers["Idempotent-Replayed"] == "true"
    assert served == ["green"]


def test_another_body_with_the_same_key_is_refused(client: FlaskClient, served: list[str]) -> None:
    order(client)
    other = order(client, cups=2)
    assert other.status_code == 409
    assert "Idempotency-Key" in other.get_json()["error"]
    assert served == ["green"]


def test_the_key_of_somebody_else_is_another_one(client: FlaskClient, served: list[str]) -> None:
    order(client)
    assert order(client, by="bob", cups=2).get_json() == {"pot": 2}


def test_while_the_first_request_is_worked_on_others_are_told_when_to_come_back(
    client: FlaskClient, memory: Memory, served: list[str]
) -> None:
    memory.running = True
    refused = order(client)
    assert (refused.status_code, refused.headers["Retry-After"]) == (409, "5")
    assert served == []


@pytest.mark.parametrize(("leaf", "status"), [("none", 409), ("spilt", 500)])
def test_what_was_refused_or_failed_leaves_the_key_free(
    client: FlaskClient, leaf: str, status: int, memory: Memory
) -> None:
    assert order(client, leaf=leaf).status_code == status
    assert memory.kept == {}
    assert order(client).status_code == 201


def test_a_request_that_is_not_valid_leaves_the_key_free(client: FlaskClient) -> None:
    assert order(client, cups="many").status_code == 400
    assert order(client).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "k" * 256, "ключ".encode().decode("latin-1")])
def test_a_key_that_is_none_is_refused_by_name(client: FlaskClient, served: list[str], key: str) -> None:
    refused = order(client, key)
    assert refused.status_code == 400
    assert "Idempotency-Key" in refused.get_json()["error"]
    assert served == []


def test_work_that_is_done_is_answered_though_its_answer_cannot_be_kept(
    client: FlaskClient, memory: Memory
) -> None:
    memory.error = UnavailableError("The database is gone", "Start it")
    assert order(client).get_json() == {"pot": 1}


def test_the_document_tells_of_the_header(client: FlaskClient) -> None:
    document = client.get("/openapi.json", headers=basic("bob")).get_json()
    operation = document["paths"][PATH]["post"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in operation["parameters"]
    assert "Idempotent-Replayed" in operation["responses"]["201"]["headers"]
    assert "Retry-After" in operation["responses"]["409"]["headers"]
    assert document["components"]["parameters"]["IdempotencyKey"]["in"] == "header"
