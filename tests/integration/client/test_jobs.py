"""Jobs by the client, from a service over HTTP."""

import builtins
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import client.jobs
from client import FailedError, Fleet, JobFailedError, JobHandle, NotFoundError, UnexpectedAnswerError
from client.experiments import Search
from tests.answering import answering
from tests.fake_jobs import FOUND, FakeJobs, fake_jobs


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJobs]:
    monkeypatch.setattr(client.jobs, "POLL_S", 0.01)
    with fake_jobs("/root/tracking") as service:
        yield service


@pytest.fixture
def fleet(fake: FakeJobs) -> Iterator[Fleet]:
    with Fleet(tracking=fake.address) as fleet:
        yield fleet


def begin(fleet: Fleet) -> JobHandle[Search]:
    return fleet.tracking.optimise(["SVC"], {"SVC": {"C": [1]}}, wait=False, experiment_name="jobs")


def test_a_search_that_is_not_waited_for_is_asked_for_as_a_job(fleet: Fleet, fake: FakeJobs) -> None:
    job = begin(fleet)

    assert job.id == "begun"
    ((headers, body),) = fake.posted
    assert headers["Prefer"] == "respond-async"
    assert body == {
        "request_information": "optimization",
        "models": ["SVC"],
        "hyperparameters": {"SVC": {"C": [1]}},
        "experiment_name": "jobs",
    }


def test_a_search_that_is_waited_for_is_asked_for_as_ever(fleet: Fleet, fake: FakeJobs) -> None:
    found = fleet.tracking.optimise(["SVC"], {"SVC": {"C": [1]}}, experiment_name="jobs")

    assert found.run_ids == FOUND["run_ids"]
    assert "Prefer" not in fake.posted[0][0]


def test_waiting_brings_what_the_search_found(fleet: Fleet) -> None:
    job = begin(fleet)

    assert job.status().status == "running"
    assert job.wait() == Search.model_validate(FOUND)
    assert job.status().status == "succeeded"


@pytest.mark.parametrize("with_rich", [True, False])
def test_progress_is_shown_with_rich_and_without(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, with_rich: bool
) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **options: Any) -> Any:
        if name.startswith("rich") and not with_rich:
            raise ImportError(name)
        return real(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    begin(fleet).wait(progress=True)

    shown = capsys.readouterr().err
    assert "100%" in shown
    assert "[/] [C=1]" in shown  # what a service says is no markup
    assert ("begun:  50% 50% of the fits [/] [C=1]\n" in shown) is not with_rich


def test_a_job_that_failed_or_was_cancelled_has_no_result_and_says_why(fleet: Fleet, fake: FakeJobs) -> None:
    reason = {"code": "all_candidates_failed", "error": "Every candidate failed", "message": "Look at C"}
    fake.add("failing", error=reason)
    with pytest.raises(JobFailedError, match="The job failing failed: Every candidate failed") as raised:
        JobHandle(fleet.tracking, "failing", dict).wait()
    assert (raised.value.code, raised.value.message) == ("all_candidates_failed", "Look at C")

    job = begin(fleet)
    job.cancel()
    with pytest.raises(JobFailedError, match="The job begun cancelled: it was cancelled") as raised:
        job.wait()
    assert raised.value.job.status == "cancelled"


def test_waiting_bears_with_a_service_that_is_away_but_not_for_ever(
    fleet: Fleet, fake: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, fake.away = begin(fleet), 3
    assert job.wait().run_ids
    assert fake.away == 0

    monkeypatch.setattr(client.jobs, "AWAY_S", 0.05)
    fake.away = sys.maxsize
    with pytest.raises(FailedError, match="PostgreSQL is away"):
        job.wait()


def test_jobs_are_listed_all_or_by_their_state(fleet: Fleet, fake: FakeJobs) -> None:
    fake.add("one")
    fake.add("two", "failed", error={"error": "…"})

    assert [job.id for job in fleet.tracking.jobs(state="failed")] == ["two"]
    assert [job.id for job in fleet.tracking.jobs()] == ["one", "two"]
    assert fleet.tracking.job("two").created_at is not None
    for unknown in ("three", "../one", "one?state=failed"):
        with pytest.raises(NotFoundError):
            fleet.tracking.job(unknown)


def test_a_fleet_without_jobs_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda request: (201, {"message": "…", "data": FOUND}))
    with pytest.raises(UnexpectedAnswerError, match="201 without a job"):
        begin(Fleet())
