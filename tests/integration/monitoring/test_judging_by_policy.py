"""What a policy judges, and when a loop follows: on a real PostgreSQL, with verdicts that are made up."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from sqlalchemy import text

from db.definition import UseCase
from fleet.caller import Caller
from monitoring.persistence.model.policy import GatePolicy, Policy
from monitoring.persistence.model.verdict import KeptVerdict, NewVerdict
from monitoring.persistence.model.window import LastRows
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.judging.judging import Asked, Judging
from monitoring.service.loop.judging_by_policy import JudgingByPolicy
from monitoring.service.loop.loops import Loops
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet, Rows

Verdict = Literal["steady", "warning", "act", "insufficient"]
POLICY = Policy(window_rows=36, action="retrain", cool_down=0)
VERDICTS = "SELECT verdict, rows, last_id - first_id FROM verdicts ORDER BY id"
LOOPS = "SELECT id, verdict_id, outcome FROM loops ORDER BY id"


class KilledError(BaseException):
    """The process is gone."""


class Judges:
    """Says of every window what it is told to. killed: after the verdict is written, before the commit.

    meanwhile: what somebody else does while it judges.
    """

    def __init__(self, deployment_id: int) -> None:
        self.deployment_id = deployment_id
        self.verdict: Verdict = "act"
        self.killed = False
        self.meanwhile = ""
        self.run: Callable[[str], None]
        self.unanswered = 0

    def judge(
        self, work: MonitoringUnitOfWork, use_case: UseCase, asked: Asked, *, caller: Caller
    ) -> KeptVerdict:
        found = work.windows.find(use_case, asked.window or LastRows(100))
        if self.meanwhile:
            self.run(self.meanwhile)
            self.meanwhile = ""
        verdict = NewVerdict(
            use_case=use_case.name,
            deployment_id=self.deployment_id,
            verdict=self.verdict,
            sentence=f"{self.verdict}: so it was told",
            evidence=asked.evidence,
            reference={},
            first_id=found.ids[0],
            last_id=found.ids[1],
            rows=found.rows,
            labelled=0,
            figures={"predicted": found.rows - self.unanswered},
            actor=caller.name,
        )
        kept = work.verdicts.add(verdict)
        if self.killed:
            self.killed = False
            raise KilledError
        return kept


class Judged:
    """Wine with 36 production rows, a live model and a policy."""

    def __init__(self, sessions: Sessions, champion: int) -> None:
        self._sessions = sessions
        self.judges = Judges(champion)
        self.judges.run = self.run
        self.loops = Loops(self.units, limit_s=60)
        self._judging = JudgingByPolicy(self.units, self.judges, self.loops)

    def units(self) -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(self._sessions)

    def put(self, policy: Policy) -> None:
        with self.units() as work:
            work.policies.put("wine", policy, judged_until=0, actor="alice")
            work.commit()

    def judge(self) -> dict[str, Any]:
        return self._judging.judge("wine", caller=ALICE)

    def run(self, statement: str) -> None:
        with self._sessions() as session:
            session.execute(text(statement))
            session.commit()

    def end_loop(self, outcome: str, mark: int | None = None) -> None:
        """Every loop, as if it had ended so, when the truth was known up to the mark."""
        known = "(SELECT max(target_id) FROM wine.targets)" if mark is None else str(mark)
        self.run(f"UPDATE loop_steps SET figures = jsonb_build_object('mark', {known})")  # noqa: S608
        self.run(f"UPDATE loops SET outcome = '{outcome}', ended_at = now()")  # noqa: S608


@pytest.fixture
def judged(sessions: Sessions, fleet: Fleet) -> Judged:
    fleet.load_all("none")
    champion = fleet.set_model()
    fleet.activate(champion)
    found = Judged(sessions, champion)
    found.put(POLICY)
    return found


@pytest.fixture
def more_rows(judged: Judged) -> Callable[[], None]:
    """As many production rows as there are, with their truth, come in again."""

    def come_in() -> None:
        judged.run(
            "WITH new AS (INSERT INTO wine.samples (dataset_id, sample_index, origin) "
            "SELECT 3, sample_index + 1000000 * (SELECT count(*) FROM verdicts), 'live' "
            "FROM wine.samples WHERE dataset_id = 3 AND origin = 'simulated' "
            "RETURNING sample_index) "
            "INSERT INTO wine.targets (sample_index, target_index, class) "
            "SELECT sample_index, sample_index, 1 FROM new"
        )

    return come_in


def test_a_full_window_is_judged_and_a_loop_follows_once(judged: Judged, rows: Rows) -> None:
    found = judged.judge()
    assert len(found["verdicts"]) == len(found["loops"]) == 1
    assert rows(VERDICTS) == [("act", 36, 35)]
    assert rows(LOOPS) == [(found["loops"][0], found["verdicts"][0], None)]
    assert rows("SELECT kind, state FROM jobs") == [("loop", "queued")]
    assert judged.judge() == {"verdicts": [], "loops": []}
    assert len(rows(VERDICTS)) == len(rows(LOOPS)) == 1


def test_killed_before_the_commit_nothing_was_done_and_then_it_is_done_once(
    judged: Judged, rows: Rows
) -> None:
    judged.judges.killed = True
    with pytest.raises(KilledError):
        judged.judge()
    assert rows(VERDICTS) == rows(LOOPS) == rows("SELECT 1 FROM jobs") == []
    judged.judge()
    assert len(rows(VERDICTS)) == len(rows(LOOPS)) == 1


def test_windows_that_wait_are_judged_one_after_another(judged: Judged, rows: Rows) -> None:
    judged.put(POLICY.model_copy(update={"window_rows": 30}))
    judged.run(
        "INSERT INTO wine.samples (dataset_id, sample_index, origin) "
        "SELECT 3, 5000000 + n, 'live' FROM generate_series(1, 60) n"
    )
    judged.judges.verdict = "steady"
    assert len(judged.judge()["verdicts"]) == 3
    assert [found[:2] for found in rows(VERDICTS)] == [("steady", 30)] * 3


@pytest.mark.parametrize("verdict", ["steady", "warning", "insufficient"])
def test_nothing_follows_from_what_does_not_act(judged: Judged, rows: Rows, verdict: Verdict) -> None:
    judged.judges.verdict = verdict
    assert judged.judge()["loops"] == []
    assert rows(LOOPS) == []


def test_a_policy_that_only_tells_begins_no_loop(judged: Judged, rows: Rows) -> None:
    judged.put(POLICY.model_copy(update={"action": "notify"}))
    assert len(judged.judge()["verdicts"]) == 1
    assert rows(LOOPS) == []


@pytest.mark.parametrize(("unanswered", "before", "loops"), [(18, False, 1), (19, False, 0), (1, True, 0)])
def test_a_loop_begins_where_the_live_model_answered_the_rows(
    judged: Judged, rows: Rows, unanswered: int, before: bool, loops: int
) -> None:
    judged.judges.unanswered = unanswered
    if not before:
        judged.run("UPDATE wine.samples SET created_at = now() WHERE dataset_id = 3")
    judged.judge()
    assert (len(rows(VERDICTS)), len(rows(LOOPS))) == (1, loops)


def test_rows_that_another_model_answered_begin_no_loop_about_the_one_that_replaced_it(
    sessions: Sessions, fleet: Fleet, rows: Rows
) -> None:
    fleet.load_all("heavy")
    former, live = fleet.set_model(), fleet.set_model()
    fleet.score(former, "testing", "production")
    fleet.score(live, "testing")
    fleet.activate(live)
    judged = Judged(sessions, live)
    judged.put(POLICY.model_copy(update={"evidence": "drift"}))
    JudgingByPolicy(judged.units, Judging(), judged.loops).judge("wine", caller=ALICE)
    assert rows("SELECT verdict, deployment_id FROM verdicts") == [("act", live)]
    assert rows(LOOPS) == []
    fleet.score(live, "production")
    judged.run("UPDATE policies SET judged_until = 0")
    JudgingByPolicy(judged.units, Judging(), judged.loops).judge("wine", caller=ALICE)
    assert len(rows(LOOPS)) == 1


def test_no_second_loop_is_begun_beside_one(
    judged: Judged, rows: Rows, more_rows: Callable[[], None]
) -> None:
    judged.judge()
    more_rows()
    assert judged.judge()["loops"] == []
    assert len(rows(VERDICTS)) == 2


def test_a_loop_that_ended_is_followed_by_another_after_the_cool_down(
    judged: Judged, more_rows: Callable[[], None]
) -> None:
    judged.put(POLICY.model_copy(update={"cool_down": 3600}))
    judged.judge()
    judged.end_loop("kept")
    more_rows()
    assert judged.judge()["loops"] == []
    judged.run("UPDATE loops SET ended_at = now() - interval '2 hours'")
    more_rows()
    assert len(judged.judge()["loops"]) == 1


@pytest.mark.parametrize("outcome", ["rejected", "held", "rolled_back", "failed"])
def test_after_a_loop_that_found_nothing_better_new_truth_is_waited_for(
    judged: Judged, more_rows: Callable[[], None], outcome: str
) -> None:
    judged.put(POLICY.model_copy(update={"gate": GatePolicy(rows=72)}))
    judged.judge()
    judged.end_loop(outcome)
    more_rows()
    assert judged.judge()["loops"] == []
    more_rows()
    assert len(judged.judge()["loops"]) == 1


def test_truth_that_comes_in_while_a_gate_runs_counts_for_the_next_loop(
    judged: Judged, more_rows: Callable[[], None]
) -> None:
    judged.put(POLICY.model_copy(update={"gate": GatePolicy(rows=72)}))
    judged.judge()
    judged.run(
        "INSERT INTO loop_steps (loop_id, name, figures) SELECT id, 'snapshot', "
        "jsonb_build_object('mark', (SELECT max(target_id) FROM wine.targets)) FROM loops"
    )
    more_rows()
    assert judged.judge()["loops"] == []
    judged.run(
        "INSERT INTO loop_steps (loop_id, name, figures) SELECT id, 'clear', "
        "jsonb_build_object('mark', (SELECT max(target_id) FROM wine.targets)) FROM loops"
    )
    judged.run("UPDATE loops SET outcome = 'rejected', ended_at = now()")
    more_rows()
    assert len(judged.judge()["loops"]) == 1


def test_a_schedule_judges_the_last_rows_once_for_all_times_that_have_passed(
    judged: Judged, rows: Rows
) -> None:
    judged.put(Policy(schedule="* * * * *", window_rows=30))
    assert judged.judge()["verdicts"] == []
    judged.run("UPDATE policies SET changed_at = now() - interval '5 minutes'")
    assert len(judged.judge()["verdicts"]) == 1
    assert rows(VERDICTS) == [("act", 30, 29)]
    assert judged.judge()["verdicts"] == []


def test_a_schedule_passes_over_a_use_case_without_production(judged: Judged, rows: Rows) -> None:
    judged.run("DELETE FROM wine.samples WHERE dataset_id = 3")
    judged.put(Policy(schedule="* * * * *", window_rows=30))
    judged.run("UPDATE policies SET changed_at = now() - interval '5 minutes'")
    assert judged.judge()["verdicts"] == []
    assert rows("SELECT judged_at IS NULL FROM policies") == [(False,)]


def test_by_the_clock_no_row_is_judged_again_and_each_waits_for_its_truth(
    judged: Judged, rows: Rows, more_rows: Callable[[], None]
) -> None:
    def tick() -> int:
        judged.run("UPDATE policies SET changed_at = now() - interval '1 hour', judged_at = null")
        return len(judged.judge()["verdicts"])

    judged.put(Policy(schedule="* * * * *", window_rows=30, truth_wait=600))
    assert tick() == 0
    judged.run("UPDATE wine.samples SET created_at = now() - interval '20 minutes' WHERE dataset_id = 3")
    assert (tick(), tick()) == (1, 0)
    assert rows("SELECT judged_at IS NULL FROM policies") == [(False,)]
    more_rows()
    assert tick() == 0
    judged.put(Policy(schedule="* * * * *", window_rows=30))
    assert (tick(), tick()) == (1, 0)
