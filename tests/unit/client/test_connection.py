"""What the client makes of answers, and of none."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

import client
from client import (
    BusyError,
    CallError,
    Fleet,
    NotFoundError,
    RefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from client.connection import LONGEST_WAIT_S, Options
from tests.answering import Answer, answering
from tests.conftest import free_port

REFUSAL = {"error": "No such thing", "message": "Look elsewhere", "request_id": "r-1"}
STORED = {"name": "DataSimulator", "message": "Simulator", "sets": {"training": 106}}


def event(number: int) -> dict[str, Any]:
    about = dict.fromkeys(("service", "action", "use_case", "subject", "actor", "request_id"), "")
    return {"id": number, "at": "2026-01-31T12:00:05Z", **about}


def failure(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[requests.PreparedRequest], Answer]
) -> CallError:
    answering(monkeypatch, answer)
    with pytest.raises(CallError) as raised:
        Fleet(request_ids=lambda: "r-0").simulator.describe()
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, client.InvalidError),
        (401, client.UnauthorizedError),
        (403, client.ForbiddenError),
        (404, client.NotFoundError),
        (409, client.ConflictError),
        (418, client.RefusedError),
        (429, client.BusyError),
        (502, client.FailedError),
        (503, client.FailedError),
    ],
)
def test_every_status_has_its_error(
    monkeypatch: pytest.MonkeyPatch, status: int, kind: type[RefusedError]
) -> None:
    error = failure(monkeypatch, lambda request: (status, {**REFUSAL, "result_id": 7}))

    assert type(error) is kind
    assert (error.status, error.error, error.message, error.request_id) == (
        status,
        "No such thing",
        "Look elsewhere",
        "r-1",
    )
    assert error.body["result_id"] == 7


def test_an_error_reads_as_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    error = failure(monkeypatch, lambda request: (404, REFUSAL))

    call = "GET http://127.0.0.1:5004/root/simulator"
    assert str(error) == f"{call} was answered 404: No such thing. Look elsewhere (request r-1)"


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="was not answered: ConnectionError") as raised:
        Fleet(simulator=f"http://127.0.0.1:{free_port()}", request_ids=lambda: "r-0").simulator.describe()
    assert raised.value.request_id == "r-0"


def test_an_answer_that_is_late_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: requests.PreparedRequest) -> Answer:
        raise requests.ReadTimeout

    assert isinstance(failure(monkeypatch, answer), client.TimedOutError)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>"), (502, "<html>"), (200, []), (302, STORED), (200, {**STORED, "sets": "many"})],
)
def test_what_no_service_answers_is_unexpected(
    monkeypatch: pytest.MonkeyPatch, status: int, body: Any
) -> None:
    assert isinstance(failure(monkeypatch, lambda request: (status, body)), UnexpectedAnswerError)


def test_fields_of_later_versions_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda request: (200, {**STORED, "more": 1}))

    assert Fleet().simulator.describe().sets == {"training": 106}


def test_each_call_has_a_request_id_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        sent.append(request.headers.get("X-Request-ID"))
        return 200, STORED

    answering(monkeypatch, answer)
    fleet = Fleet()
    fleet.simulator.describe()
    fleet.simulator.describe()
    assert all(sent)
    assert len(set(sent)) == 2


def busy_then_well(monkeypatch: pytest.MonkeyPatch, refusals: int, wait: str) -> list[float]:
    """The seconds that are slept, which grows."""
    slept: list[float] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        if len(slept) < refusals:
            return 429, REFUSAL, {"Retry-After": wait}
        return 200, STORED

    answering(monkeypatch, answer)
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def test_a_busy_service_is_asked_again_after_the_time_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = busy_then_well(monkeypatch, 2, "7")

    assert Fleet(busy_retries=2).simulator.describe().sets
    assert slept == [7.0, 7.0]


def test_a_service_that_stays_busy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = busy_then_well(monkeypatch, 3, "7")

    with pytest.raises(BusyError) as raised:
        Fleet(busy_retries=2).simulator.describe()
    assert raised.value.retry_after_s == 7
    assert len(slept) == 2


@pytest.mark.parametrize(("retries", "wait"), [(0, "1"), (5, str(LONGEST_WAIT_S + 1).partition(".")[0])])
def test_nobody_waits_unasked_or_too_long(monkeypatch: pytest.MonkeyPatch, retries: int, wait: str) -> None:
    slept = busy_then_well(monkeypatch, 1, wait)

    with pytest.raises(BusyError):
        Fleet(busy_retries=retries).simulator.describe()
    assert slept == []


def test_a_list_asks_for_a_page_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        asked.append(str(request.url).partition("?")[2])
        last = "page_token=t" in asked[-1]
        numbers = [1] if last else [3, 2]
        return 200, {"events": [event(n) for n in numbers], "next_page_token": None if last else "t"}

    answering(monkeypatch, answer)
    events = Fleet().ml_model.audit(page_size=2)
    assert asked == []
    assert [next(events).id, next(events).id] == [3, 2]
    assert asked == ["limit=2"]
    assert [left.id for left in events] == [1]
    assert asked == ["limit=2", "limit=2&page_token=t"]


def test_a_wish_in_the_query_is_written_as_services_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        asked.append(str(request.url).partition("?")[2])
        return 404, {"error": "There is no loop 1", "message": "", "code": "unknown_loop"}

    answering(monkeypatch, answer)
    for replay in (True, False):
        with pytest.raises(NotFoundError):
            Fleet().monitoring.loop(1, replay=replay)
    assert asked == ["replay=true", ""]


def test_a_password_is_sent_as_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    def answer(request: requests.PreparedRequest) -> Answer:
        sent.append(request.headers.get("Authorization"))
        return 200, STORED

    answering(monkeypatch, answer)
    Fleet(auth=("zoë", "€")).simulator.describe()
    assert sent == ["Basic em/Dqzrigqw="]


@pytest.mark.parametrize(
    "arguments",
    [
        {"auth": ("alice", "secret"), "api_key": "secret"},
        {"api_key": "secret\n"},
        {"tracking": "http://alice:secret@127.0.0.1:5002"},
    ],
)
def test_credentials_that_cannot_be_meant_are_refused_and_not_shown(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"auth|API key") as raised:
        Fleet(**arguments)
    assert "secret" not in str(raised.value)


def test_options_do_not_show_credentials() -> None:
    assert "secret" not in repr(Options(auth=("alice", "secret"), api_key="secret"))
