"""Jobs between workers: whose a job is when one of them was away."""

import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.jobs import worker as working_parts
from db.jobs.jobs import JobsInDatabase
from fleet.jobs import Job
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
    return JobsInDatabase(KETTLE, sessions, 60)


@pytest.fixture(autouse=True)
def _quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_parts, "SWEEP_S", 0.2)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
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
        job_id = jobs.submit("boil", {"seconds": 10}, ALICE).id
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
