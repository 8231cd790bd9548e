"""Telling as jobs of a real worker: with the transaction, again, after a kill, by the secret of today."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from db.jobs import worker as working_parts
from db.jobs.jobs import JobsInDatabase
from fleet.jobs import Job
from fleet.paging import PageRequest
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.model.policy import Policy, WebhookPolicy
from monitoring.persistence.unit_of_work import NAME, MonitoringUnitOfWork
from monitoring.service.telling.orders import order_telling
from tests import working as workers
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet
from tests.integration.monitoring.telling.receiver import Receiver
from tests.integration.monitoring.telling.test_deliveries import is_ours

OLD, NEW = "the secret of before", "the secret of today"
PATIENCE_S = 30.0


class Telling:
    """Monitoring's database and its worker; who is told is the receiver."""

    def __init__(self, sessions: Sessions, settings: MonitoringSettings, receiver: Receiver) -> None:
        self._sessions = sessions
        self._settings = settings
        self._receiver = receiver
        self._jobs = JobsInDatabase(NAME, sessions, limit_s=60, most_waiting=20)

    def put(self, path: str = "/", secret: str | None = None, *, webhook: bool = True) -> None:
        url = f"http://127.0.0.1:{self._receiver.port}{path}"
        told = WebhookPolicy(url=url, secret=secret and SecretStr(secret)) if webhook else None
        with MonitoringUnitOfWork(self._sessions) as work:
            work.policies.put("wine", Policy(webhook=told), judged_until=0, actor="alice")
            work.commit()

    def order(self, *, commit: bool = True) -> bool:
        with MonitoringUnitOfWork(self._sessions) as work:
            details = {"verdict_id": 7}
            ordered = order_telling(work, "wine", "verdict", "hue moved", caller=ALICE, details=details)
            if commit:
                work.commit()
        return ordered

    def jobs(self) -> list[Job]:
        return list(self._jobs.page(None, PageRequest(limit=100)).items)

    def job(self) -> Job:
        (job,) = self.jobs()
        return job

    def ended(self) -> Job:
        wait_until(lambda: self.job().has_ended)
        return self.job()

    def working(self) -> Any:
        return workers.working(NAME, self._settings)


@pytest.fixture
def telling(
    fleet: Fleet,
    sessions: Sessions,
    database_url: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> Telling:
    del fleet  # wine is known
    monkeypatch.setattr(working_parts, "AGAIN_S", 0.1)
    settings = MonitoringSettings(database_url=SecretStr(database_url), webhooks_allowed="127.0.0.1")
    return Telling(sessions, settings, receiver)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def attempts() -> Iterator[psutil.Process]:
    """The processes that do jobs of this test's worker."""
    for child in psutil.Process().children():
        if "forkserver" in " ".join(child.cmdline()):
            yield from child.children()


def test_nothing_is_ordered_where_nobody_is_to_be_told(telling: Telling) -> None:
    assert not telling.order()
    telling.put(webhook=False)
    assert not telling.order()
    assert telling.jobs() == []


def test_what_was_rolled_back_is_not_told(telling: Telling, receiver: Receiver) -> None:
    telling.put()
    telling.order(commit=False)
    assert telling.jobs() == []
    telling.order()
    with telling.working():
        assert telling.ended().status == "succeeded"
    assert len(receiver.requests) == 1


def test_it_is_told_by_todays_secret_which_no_job_holds(
    telling: Telling, receiver: Receiver, sessions: Sessions
) -> None:
    telling.put("/t0ken", OLD)
    telling.order()
    telling.put("/other", NEW)
    with MonitoringUnitOfWork(sessions) as work:
        _, arguments, caller = work.jobs.task(telling.job().id)
    assert not [word for word in ("http", OLD, NEW) if word in json.dumps(arguments)]
    assert caller == ALICE

    with telling.working():
        job = telling.ended()
    origin = f"http://127.0.0.1:{receiver.port}"
    assert (job.kind, job.result) == (
        "tell",
        {"message": f"The webhook at {origin} answered 200", "status": 200},
    )
    (request,) = receiver.requests
    told = json.loads(request.body)
    assert (request.path, told["event"], told["sentence"]) == ("/other", "verdict", "hue moved")
    assert told["details"] == {"verdict_id": 7}
    assert is_ours()(NEW, request.headers, request.body)
    assert not is_ours()(OLD, request.headers, request.body)


def test_a_receiver_that_is_away_is_told_when_it_is_back(telling: Telling, receiver: Receiver) -> None:
    receiver.status = 503
    telling.put(secret=NEW)
    telling.order()
    with telling.working():
        wait_until(lambda: len(receiver.requests) >= 2)
        assert not telling.job().has_ended
        receiver.status = 200
        job = telling.ended()
    assert (job.status, job.error) == ("succeeded", None)
    assert job.attempts == len(receiver.requests) >= 3
    assert len({request.body for request in receiver.requests}) == 1


def test_a_receiver_that_refuses_ends_it_at_once(telling: Telling, receiver: Receiver) -> None:
    receiver.status = 404
    telling.put("/t0ken")
    telling.order()
    with telling.working():
        job = telling.ended()
    assert (job.status, job.attempts, len(receiver.requests)) == ("failed", 1, 1)
    assert job.error is not None
    assert (job.error["code"], "t0ken" in str(job.error)) == ("webhook_refused", False)


def test_it_is_told_again_after_a_kill_while_it_was_told(telling: Telling, receiver: Receiver) -> None:
    telling.put("/silent", NEW)
    telling.order()
    with telling.working():
        wait_until(lambda: receiver.requests)
        telling.put("/", NEW)
        for attempt in attempts():
            attempt.kill()
        job = telling.ended()
    assert (job.status, job.attempts) == ("succeeded", 2)
    first, second = receiver.requests
    assert (first.path, second.path) == ("/silent", "/")
    assert first.body == second.body
    assert is_ours()(NEW, second.headers, second.body)


def test_it_is_told_after_its_worker_was_stopped(telling: Telling, receiver: Receiver) -> None:
    telling.put("/silent")
    telling.order()
    with telling.working():
        wait_until(lambda: receiver.requests)
    telling.put("/")
    with telling.working():
        assert telling.ended().status == "succeeded"
    assert [request.path for request in receiver.requests] == ["/silent", "/"]


@pytest.mark.parametrize("removed", [True, False])
def test_nobody_is_told_whose_webhook_was_taken_out_meanwhile(
    telling: Telling, receiver: Receiver, sessions: Sessions, removed: bool
) -> None:
    telling.put()
    telling.order()
    if removed:
        with MonitoringUnitOfWork(sessions) as work:
            work.policies.remove("wine")
            work.commit()
    else:
        telling.put(webhook=False)
    with telling.working():
        job = telling.ended()
    assert job.status == "succeeded"
    assert job.result == {"message": "Nobody was told: the webhook was taken out of the policy"}
    assert receiver.requests == []
