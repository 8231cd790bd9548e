"""Jobs between workers: whose a job is when one of them was away."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.jobs import worker as working_parts
from db.jobs.jobs import JobsInDatabase
from db.jobs.table import JobTable
from fleet.jobs import Asked, Job, TooManyJobsError
from fleet.paging import PageRequest
from fleet.settings import WorkerSettings
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.working import working

KETTLE = "tests.kettle"


@pytest.fixture
def settings(database_url: str) -> WorkerSettings:
    return WorkerSettings(
        port=1, service_url="/kettle", heavy_at_once=1, database_url=SecretStr(database_url)
    )


@pytest.fixture
def jobs(sessions: Sessions) -> JobsInDatabase:
    return JobsInDatabase(KETTLE, sessions, limit_s=60, most_waiting=20)


@pytest.fixture(autouse=True)
def _quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_parts, "SWEEP_S", 0.2)
    monkeypatch.setattr(working_parts, "AGAIN_S", 0.1)
    monkeypatch.setattr(working_parts, "MOST_DEATHS", 1)


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(jobs: JobsInDatabase, job_id: str) -> Job:
    wait_until(lambda: jobs.find(job_id).has_ended)
    return jobs.find(job_id)


def test_a_worker_that_was_frozen_leaves_alone_what_another_has_taken_up(
    settings: WorkerSettings, jobs: JobsInDatabase, sessions: Sessions
) -> None:
    with working(KETTLE, settings), working(KETTLE, settings):
        job_id = jobs.submit(Asked("boil", {"seconds": 10}, ALICE)).id
        wait_until(lambda: jobs.find(job_id).detail != "")
        with sessions() as session:  # as if whoever does it had been stopped for a minute
            session.execute(
                text(
                    "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min'"
                    " WHERE id = (SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing')"
                )
            )
            session.commit()
        job = ended(jobs, job_id)
    assert (job.status, job.attempts, job.result) == ("succeeded", 2, {"attempt": 2})


@pytest.mark.parametrize("kind", ["spill", "unheard of"])
def test_a_job_ends_also_where_nothing_can_clear_up_after_it(
    settings: WorkerSettings, jobs: JobsInDatabase, kind: str
) -> None:
    with working(KETTLE, settings):
        job = ended(jobs, jobs.submit(Asked(kind, {}, ALICE)).id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["status"] == 500
    assert "cloth" not in str(job.error)


def test_services_have_their_old_jobs_forgotten_though_it_is_the_same_moment(
    settings: WorkerSettings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=3)
    monkeypatch.setattr(working_parts, "FORGET_AT", f"{at.minute} {at.hour} * * * {at.second}")
    old = "UPDATE jobs SET state = 'failed', ended_at = now() - interval '31 days'"
    both = [
        JobsInDatabase(service, sessions, limit_s=60, most_waiting=20) for service in (KETTLE, "tests.urn")
    ]
    for each in both:
        each.submit(Asked("boil", {}, ALICE))
    with sessions() as session:
        session.execute(text(old))
        session.commit()
    asked = PageRequest(10)
    with working(KETTLE, settings), working("tests.urn", settings):
        wait_until(lambda: not any(each.page(None, asked).items for each in both), 10)


def test_what_follows_the_answer_ends_with_the_jobs_time_too(
    settings: WorkerSettings, sessions: Sessions
) -> None:
    hurried = JobsInDatabase(KETTLE, sessions, limit_s=2, most_waiting=20)
    with working(KETTLE, settings):
        first = ended(hurried, hurried.submit(Asked("simmer", {}, ALICE)).id)
        second = ended(hurried, hurried.submit(Asked("boil", {"seconds": 0}, ALICE)).id)
    assert (first.status, second.status) == ("succeeded", "succeeded")


def test_a_result_that_cannot_be_kept_fails_its_job_at_once(
    settings: WorkerSettings, jobs: JobsInDatabase
) -> None:
    with working(KETTLE, settings):
        job = ended(jobs, jobs.submit(Asked("overflow", {}, ALICE)).id)
    assert job.error is not None
    assert (job.status, job.attempts, job.error["code"]) == ("failed", 1, "bug")


def test_a_worker_that_is_told_to_stop_puts_its_job_back_unharmed(
    settings: WorkerSettings, jobs: JobsInDatabase, sessions: Sessions
) -> None:
    job_id = jobs.submit(Asked("boil", {"seconds": 60}, ALICE)).id
    for _ in range(2):
        with working(KETTLE, settings):
            wait_until(lambda: jobs.find(job_id).status == "running")
        assert jobs.find(job_id).status == "queued"
    with sessions() as session:
        assert session.scalar(text("SELECT deaths FROM jobs")) == 0


def test_no_more_jobs_wait_than_may(sessions: Sessions) -> None:
    few = JobsInDatabase(KETTLE, sessions, limit_s=60, most_waiting=2)
    waiting = [few.submit(Asked("boil", {}, ALICE)) for _ in range(2)]
    with pytest.raises(TooManyJobsError):
        few.submit(Asked("boil", {}, ALICE))
    few.cancel(waiting[0].id)
    assert few.submit(Asked("boil", {}, ALICE)).status == "queued"


def test_a_request_finds_the_job_that_it_has_asked_for_unless_that_failed_or_is_old(
    jobs: JobsInDatabase, sessions: Sessions
) -> None:
    def ask() -> str:
        return jobs.submit(Asked("boil", {}, ALICE, request="the same")).id

    def after(job_id: str, change: str) -> str:
        with sessions() as session:
            session.execute(text(f"UPDATE jobs SET {change} WHERE id = '{job_id}'"))  # noqa: S608  # our own
            session.commit()
        return ask()

    first = ask()
    assert ask() == first
    assert jobs.submit(Asked("boil", {}, ALICE)).id != first
    assert after(first, "created_at = now() - interval '25 h'") == first
    second = after(first, "state = 'succeeded'")
    assert second != first
    assert after(second, "state = 'succeeded'") == second
    third = after(second, "state = 'failed'")
    assert third not in {first, second}
    assert ask() == third
    assert after(third, "state = 'cancelled'") != third


def test_who_asks_at_the_same_moment_gets_the_same_job(jobs: JobsInDatabase, sessions: Sessions) -> None:
    asked = Asked("boil", {}, ALICE, request="the same")
    with sessions() as first, ThreadPoolExecutor(1) as other:
        job = JobTable(first, KETTLE).add(asked, limit_s=60)
        waits = other.submit(lambda: jobs.submit(asked))
        time.sleep(0.5)
        assert not waits.done()
        first.commit()
        assert waits.result(10).id == job.id
