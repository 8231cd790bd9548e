"""The fire brigade's demo against a fleet that answers as told, without a network."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from client import Fleet
from launcher.calling import CallFailedError
from launcher.fire_brigade_demo import FireBrigadeDemo
from tests.answering import answering

AWAY = {
    "status": 502,
    "code": "download_failed",
    "error": "url_incident: the server cannot be reached",
    "message": "Check the address",
}
WRONG_YEARS = {
    "status": 502,
    "code": "no_records",
    "error": "url_incident: no record is of 2022",
    "message": "Check the address in the setting",
}
FIGURES = {"incident": {"rows": 10, "kept": 9}, "mobilisation": {"rows": 15, "kept": 14}}

JOB = {
    "id": "1",
    "kind": "process_data",
    "progress": 1,
    "detail": "done",
    "attempts": 1,
    "actor": "admin",
    "created_at": "2026-01-31T12:00:05Z",
}

Ended = dict[str, Any]


def walked(
    monkeypatch: pytest.MonkeyPatch, *, published: Ended, made_up: Ended
) -> tuple[CallFailedError, list[str], list[str]]:
    """Why it ended, what it said, and which jobs it started; building features is refused."""
    started: list[str] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, Any]:
        parts = urlsplit(str(request.url))
        if parts.path == "/process_data":
            started.append("made_up" if "made_up" in parse_qs(parts.query) else "published")
            return 202, {"status": "success", "message": "…", "job_id": started[-1]}
        if parts.path.startswith("/jobs/"):
            ended = {"published": published, "made_up": made_up}[parts.path.removeprefix("/jobs/")]
            return 200, {**JOB, **ended}
        return 409, {"error": "No records", "message": "Process the data first"}

    answering(monkeypatch, answer)
    said: list[str] = []
    with pytest.raises(CallFailedError) as raised:
        FireBrigadeDemo(Fleet(fire_brigade_auth=("admin", "secret")), said.append).run()
    return raised.value, said, started


def succeeded(**result: Any) -> Ended:
    return {"status": "succeeded", "result": result}


FAILED: Ended = {"status": "failed", "error": AWAY}


def test_published_records_that_can_be_had_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    error, said, started = walked(monkeypatch, published=succeeded(**FIGURES), made_up=FAILED)

    assert started == ["published"]
    assert said[-1] == "fire_brigade: build features"
    assert error.message == "Process the data first"


def test_made_up_records_are_plainly_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = succeeded(made_up=True, **FIGURES)
    _, said, started = walked(monkeypatch, published=FAILED, made_up=made)

    assert started == ["published", "made_up"]
    assert any("cannot be reached" in line for line in said)
    assert any("MADE UP" in line for line in said)


def test_records_that_came_and_are_wrong_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"status": "failed", "error": WRONG_YEARS}
    error, _, started = walked(monkeypatch, published=wrong, made_up=succeeded(made_up=True, **FIGURES))

    assert started == ["published"]
    assert (error.error, error.message) == (WRONG_YEARS["error"], WRONG_YEARS["message"])


def test_real_records_that_are_there_are_used_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    _, said, _ = walked(monkeypatch, published=FAILED, made_up=succeeded(made_up=False))

    assert "fire_brigade: the records are those that were there" in said
    assert not any("MADE UP" in line for line in said)


def test_records_that_cannot_be_made_up_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"status": 503, "code": "x", "error": "The disk is full", "message": "Make room"}
    error, *_ = walked(monkeypatch, published=FAILED, made_up={"status": "failed", "error": full})

    assert (error.error, error.message) == ("The disk is full", "Make room")


def test_a_password_that_is_not_right_any_more_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda request: (401, {"error": "Invalid credentials", "message": "…"}))
    with pytest.raises(CallFailedError) as raised:
        FireBrigadeDemo(Fleet(), lambda step: None).run()
    assert "fire_brigade_passwords" in raised.value.message
