"""The demo against a fleet that answers as told, without a network."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from client import Fleet
from launcher.calling import CallFailedError
from launcher.demo import NAMES_TRIED, Demo
from tests.answering import answering

Answer = tuple[int, Any]
LOADED = (200, {"message": "Load training set", "rows": 106, "loops": [], "next_page_token": None})
DELETED = (409, {"code": "experiment_deleted", "error": "deleted", "message": "Choose another name"})
SEARCHED = (201, {"message": "…", "data": {"experiment_id": "1", "run_ids": {}}})


def refusing(deleted: set[str] | None, asked: list[str]) -> Callable[[requests.PreparedRequest], Answer]:
    """Loads everything, refuses searches under deleted names, and fails after the first that it accepts.

    deleted: None for every name.
    """

    def answer(request: requests.PreparedRequest) -> Answer:
        body = json.loads(request.body or "{}")
        if "experiment_name" in body:
            name = body["experiment_name"]
            asked.append(name)
            return DELETED if deleted is None or name in deleted else SEARCHED
        return (500, {"error": "broken"}) if str(request.url).endswith("/experiments") else LOADED

    return answer


def names_asked(monkeypatch: pytest.MonkeyPatch, deleted: set[str] | None, status: int) -> list[str]:
    asked: list[str] = []
    answering(monkeypatch, refusing(deleted, asked))
    with pytest.raises(CallFailedError, match=str(status)):
        Demo(Fleet(), lambda step: None).run()
    return asked


def failure(monkeypatch: pytest.MonkeyPatch, status: int, body: Any) -> CallFailedError:
    answering(monkeypatch, lambda request: (status, body))
    with pytest.raises(CallFailedError) as raised:
        Demo(Fleet(), lambda step: None).run()
    return raised.value


def test_the_name_of_a_deleted_experiment_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names_asked(monkeypatch, {"wine_demo", "wine_demo_2"}, 500)

    assert asked == ["wine_demo", "wine_demo_2", "wine_demo_3"]


def test_the_search_for_a_name_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(names_asked(monkeypatch, None, 409)) == NAMES_TRIED


def test_a_refused_step_says_which_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(monkeypatch, 409, {"error": "Nothing is loaded", "message": "Load it"})

    assert error.error == "POST http://127.0.0.1:5004/root/simulator was answered 409: Nothing is loaded"
    assert error.message == "Load it"


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_learns_where_credentials_go(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    error = failure(monkeypatch, status, {"error": "Invalid credentials", "message": "Send a user's name"})

    assert "MLFLEET_API_KEY" in error.message


def test_an_answer_of_another_version_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(monkeypatch, 200, {"something": "else"})

    assert "does not understand: message: Field required" in error.error
    assert "./launch.sh down" in error.message


def test_another_conflict_than_a_deleted_name_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"code": "training_set_missing", "error": "Nothing is loaded", "message": "Load it"}
    asked: list[str] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        body = json.loads(request.body or "{}")
        asked.extend(name for name in [body.get("experiment_name")] if name)
        return (409, missing) if "experiment_name" in body else LOADED

    answering(monkeypatch, answer)
    with pytest.raises(CallFailedError, match="Nothing is loaded"):
        Demo(Fleet(), lambda step: None).run()
    assert asked == ["wine_demo"]
