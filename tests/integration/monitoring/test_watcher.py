"""What is due is ordered once, whoever looks and whatever dies: on a real PostgreSQL, by a real worker."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

from db.definition import UseCase
from monitoring.persistence.model.loop import End, Found, Loop
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.repository.policies import KeptPolicy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.ending import clear_for
from monitoring.service.loop.loops import Loops
from monitoring.service.loop.watcher import Watcher
from monitoring.service.standing import read_standing
from tests.callers import ALICE
from tests.conftest import Sessions, free_port
from tests.integration.monitoring.conftest import Fleet, Rows
from tests.running import RunningService, running_worker

JOBS = "SELECT kind, state, lock FROM jobs ORDER BY created_at"
OUTCOMES = "SELECT outcome FROM loops ORDER BY id"
SECONDS = 30


class Watched:
    """Wine with 36 production rows and a live model."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.loops = Loops(self.units, limit_s=60)
        self.watcher = self.another()

    def another(self) -> Watcher:
        return Watcher(self.units, self.loops, limit_s=60)

    def units(self) -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(self._sessions)

    def put(self, policy: Policy) -> None:
        with self.units() as work:
            work.policies.put("wine", policy, judged_until=0, actor="alice")
            work.commit()

    def run(self, statement: str) -> None:
        with self._sessions() as session:
            session.execute(text(statement))
            session.commit()


@pytest.fixture
def watched(sessions: Sessions, fleet: Fleet) -> Watched:
    fleet.load_all("none")
    fleet.activate(fleet.set_model())
    return Watched(sessions)


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[RunningService]:
    nowhere = f"http://127.0.0.1:{free_port()}"
    told = {"ml_model_url": nowhere, "tracking_url": nowhere}
    with running_worker("monitoring", tmp_path, database_url=database_url, **told) as running:
        yield running


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_full_window_is_judged_by_one_job(watched: Watched, rows: Rows) -> None:
    watched.put(Policy(window_rows=36))
    watched.watcher.look()
    watched.another().look()
    assert rows(JOBS) == [("judge", "queued", "judge wine")]


@pytest.mark.parametrize("policy", [Policy(window_rows=37), Policy(window_rows=36, enabled=False)])
def test_what_is_not_due_is_not_ordered(watched: Watched, rows: Rows, policy: Policy) -> None:
    watched.put(policy)
    watched.watcher.look()
    assert rows(JOBS) == []


def test_a_judgement_that_failed_is_ordered_again_after_a_minute(watched: Watched, rows: Rows) -> None:
    watched.put(Policy(window_rows=36))
    watched.watcher.look()
    watched.run("UPDATE jobs SET state = 'failed', ended_at = now()")
    watched.watcher.look()
    assert len(rows(JOBS)) == 1
    watched.run("UPDATE jobs SET ended_at = now() - interval '2 minutes'")
    watched.watcher.look()
    assert len(rows(JOBS)) == 2


def test_a_loop_whose_job_is_gone_gets_another(watched: Watched, rows: Rows) -> None:
    loop = watched.loops.begin("wine", caller=ALICE)
    watched.watcher.look()
    assert len(rows(JOBS)) == 1
    watched.run("DELETE FROM jobs")
    watched.watcher.look()
    assert rows(JOBS) == [("loop", "queued", f"loop {loop.id}")]
    assert rows("SELECT job_id FROM loops") == rows("SELECT id FROM jobs")


def test_a_loop_that_waits_is_left_alone_until_there_are_rows(watched: Watched, rows: Rows) -> None:
    loop = watched.loops.begin("wine", caller=ALICE)
    watched.run("UPDATE jobs SET state = 'succeeded', ended_at = now()")
    watched.run("UPDATE loops SET step = 'watch', challenger_id = champion_id")
    watched.run(
        "UPDATE loop_steps SET name = 'watch', "
        "given = jsonb_build_object('mark', (SELECT max(target_id) FROM wine.targets))"
    )
    watched.watcher.look()
    assert len(rows(JOBS)) == 1
    watched.run("UPDATE loop_steps SET given = '{\"mark\": 0}'")
    watched.watcher.look()
    assert rows(JOBS)[1:] == [("loop", "queued", f"loop {loop.id}")]


@contextmanager
def held_from_the_watcher(watched: Watched, rows: Rows) -> Iterator[tuple[MonitoringUnitOfWork, Loop]]:
    """A loop that lacks its job, held while the watcher waits for it; after the block it has looked."""
    loop = watched.loops.begin("wine", caller=ALICE)
    watched.run("DELETE FROM jobs")
    watching = Thread(target=watched.watcher.look)
    with watched.units() as work:
        held = work.loops.find(loop.id, hold=True)
        watching.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: rows(waiting) != [(0,)])
        yield work, held
    watching.join()


def test_who_watches_and_who_aborts_order_one_job(
    watched: Watched, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    with held_from_the_watcher(watched, rows) as (aborting, held):
        stop = Found("aborted", "aborted by alice", clear_for("aborted", "aborted by alice"))
        assert aborting.loops.end_step(held, held.current, stop)
        watched.loops.submit(aborting, held, ALICE)
        aborting.commit()
    assert "cannot be watched" not in caplog.text  # nor was either given up for the other
    assert rows("SELECT caller ->> 'name' FROM jobs") == [("alice",)]
    assert rows("SELECT job_id FROM loops") == rows("SELECT id FROM jobs")


def test_a_loop_that_ends_while_the_watcher_waits_for_it_gets_no_job(watched: Watched, rows: Rows) -> None:
    with held_from_the_watcher(watched, rows) as (ending, held):
        assert ending.loops.end_step(held, held.current, Found("held", "why", End("held", "why")))
        ending.commit()
    assert rows(JOBS) == []


def test_one_watcher_acts_at_a_time(watched: Watched, rows: Rows) -> None:
    watched.put(Policy(window_rows=36))
    with watched.units() as other:
        assert other.takes_turn()
        watched.watcher.look()
        assert rows(JOBS) == []
    watched.watcher.look()
    assert len(rows(JOBS)) == 1


def test_a_use_case_that_cannot_be_looked_at_hinders_no_other(watched: Watched, rows: Rows) -> None:
    watched.put(Policy(window_rows=36))
    watched.run(
        "INSERT INTO use_cases (name, task, target, features) "
        "SELECT 'apples', task, target, features FROM use_cases WHERE name = 'wine'"
    )
    with watched.units() as work:
        work.policies.put("apples", Policy(), judged_until=0, actor="alice")
        work.commit()
    watched.watcher.look()
    assert rows(JOBS) == [("judge", "queued", "judge wine")]


def test_a_policy_that_cannot_be_read_hinders_no_other(watched: Watched, rows: Rows) -> None:
    watched.put(Policy(window_rows=36))
    watched.run(
        "INSERT INTO use_cases (name, task, target, features) "
        "SELECT 'apples', task, target, features FROM use_cases WHERE name = 'wine'; "
        "INSERT INTO policies (use_case, policy, actor) VALUES ('apples', '{\"window_rows\": 1}', 'alice')"
    )
    watched.watcher.look()
    assert rows(JOBS) == [("judge", "queued", "judge wine")]
    with watched.units() as work:
        assert list(read_standing(work).unjudged_s) == ["wine"]


def test_a_large_window_is_not_counted_every_second(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def counted(_work: MonitoringUnitOfWork, _use_case: UseCase, kept: KeptPolicy) -> None:
        looked.append(kept.policy.window_rows)

    monkeypatch.setattr("monitoring.service.loop.watcher.due", counted)
    for window_rows in (1000, 1_000_000):
        watched.put(Policy(window_rows=window_rows))
        for _ in range(3):
            time.sleep(0.02)
            watched.watcher.look()
    assert looked == [1000] * 3
    watched.another().look()
    assert looked[3:] == [1_000_000]


def test_a_database_that_is_away_does_not_end_the_watcher() -> None:
    nowhere = SecretStr(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/none")
    sessions = sessionmaker(create_engine(nowhere.get_secret_value()))
    Watched(sessions).watcher.look()


def test_in_earnest_a_loop_goes_on_whatever_dies(
    watched: Watched, worker: RunningService, fleet: Fleet, rows: Rows
) -> None:
    fleet.forget_targets(of_production=10)  # too few are left to decide, so no other service is asked
    watched.loops.begin("wine", caller=ALICE)
    wait_until(lambda: rows(OUTCOMES) == [("held",)])

    for process in worker.workers():
        with suppress(psutil.NoSuchProcess):  # that of a job has just ended
            forked = any("forkserver" in each for each in process.cmdline())
            if forked and process.ppid() != worker.process.pid:
                process.kill()  # the watcher
    watched.loops.begin("wine", caller=ALICE)
    watched.run("DELETE FROM procrastinate_jobs")
    watched.run("DELETE FROM jobs")
    wait_until(lambda: rows(OUTCOMES) == [("held",)] * 2)
