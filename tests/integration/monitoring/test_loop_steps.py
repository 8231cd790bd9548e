"""A loop's steps on a real PostgreSQL."""

from collections.abc import Mapping
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from db.live import NothingLiveError
from monitoring.persistence.model.loop import Found, Loop, Next
from monitoring.persistence.repository.loop_siblings import SiblingAwaitedError
from monitoring.persistence.repository.loops import LoopEndedError, LoopInFlightError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.ending import clear_for
from monitoring.service.loop.gating import replay_gate
from monitoring.service.loop.loops import UnfitChallengerError
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet, Rows
from tests.integration.monitoring.walking import EQUAL, WORSE, Walk


def names(loop: Loop) -> list[str]:
    return [step.name for step in loop.steps]


def test_a_better_challenger_is_promoted_and_watched(walk: Walk, rows: Rows) -> None:
    loop = walk.go_on(walk.begin())
    assert names(loop) == ["judge", "reserve", "snapshot", "search", "train", "gate", "promote", "watch"]
    assert (loop.outcome, loop.challenger_id) == (None, walk.live)
    assert rows(f"SELECT count(*) FROM decided_rows WHERE loop_id = {loop.id}") == [(30,)]  # noqa: S608


def test_a_promoted_model_that_is_not_worse_is_kept(walk: Walk) -> None:
    loop = walk.go_on(walk.begin())
    walk.double.pairs = [EQUAL]
    with walk.sessions() as session:  # what it waits for is less than the rows of wine
        session.execute(text("UPDATE loops SET policy = jsonb_set(policy, '{watch_rows}', '30')"))
        session.commit()
    walk.label_again()
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("kept", loop.challenger_id)
    assert "end_role" in walk.double.calls


def test_a_promoted_model_that_is_worse_is_rolled_back(walk: Walk) -> None:
    loop = walk.go_on(walk.begin())
    walk.double.pairs = [WORSE]
    walk.label_again()
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("rolled_back", loop.champion_id)
    assert loop.reason is not None
    assert "p = " in loop.reason


@pytest.mark.parametrize(("pair", "outcome"), [(WORSE, "rolled_back"), (EQUAL, "kept")])
def test_a_candidate_is_promoted_at_once_and_watched_and_stays_somebodys_own(
    walk: Walk, rows: Rows, pair: Mapping[str, Any], outcome: str
) -> None:
    walk.double.on_take_snapshot("wine")
    ((snapshot_id,),) = rows("SELECT id FROM snapshots")
    own = walk.double.on_train_candidate("wine", "by hand", snapshot_id, "own")["id"]
    loop = walk.go_on(walk.loops.begin("wine", caller=ALICE, challenger_id=own))
    assert (names(loop), walk.live) == (["promote", "watch"], own)
    walk.run("UPDATE loops SET policy = jsonb_set(policy, '{watch_rows}', '30')")
    walk.double.pairs = [pair]
    walk.label_again()
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live == own) == (outcome, outcome == "kept")
    assert rows("SELECT discarded_at FROM deployments WHERE run_id = 'by hand'") == [(None,)]


def test_only_a_trained_deployment_that_is_not_live_is_promoted_so(walk: Walk) -> None:
    for number in (walk.double.champion, 999):
        with pytest.raises(UnfitChallengerError):
            walk.loops.begin("wine", caller=ALICE, challenger_id=number)


def test_a_watch_ends_when_a_person_changes_what_is_live(walk: Walk, fleet: Fleet) -> None:
    loop = walk.go_on(walk.begin())
    other = fleet.set_model()
    walk.double.make_live(other)
    assert walk.is_due(loop)
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("superseded", other)


def test_an_undecided_challenger_is_a_shadow_and_waits_for_labels(walk: Walk) -> None:
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    assert (loop.outcome, loop.step, loop.current.look) == (None, "gate", 2)
    assert "shadow" in walk.double.calls
    assert not walk.is_due(loop)
    assert walk.live == loop.champion_id


def test_with_too_few_labelled_rows_nothing_is_begun(walk: Walk, fleet: Fleet) -> None:
    fleet.forget_targets(of_production=10)
    loop = walk.go_on(walk.begin())
    assert (loop.outcome, names(loop)) == ("held", ["judge", "reserve"])
    assert "26 labelled" in str(loop.reason)
    assert walk.double.calls == []


@pytest.mark.parametrize("call", ["take_snapshot", "search", "train_candidate", "evaluate", "promote"])
def test_killed_after_any_call_it_comes_to_the_same_end_once(walk: Walk, call: str, rows: Rows) -> None:
    walk.double.killed_at = call
    loop = walk.go_on(walk.begin())
    assert loop.step == "watch"
    assert rows("SELECT count(*) FROM deployments WHERE model_name = 'SVC'") == [(1,)]
    assert rows("SELECT count(*) FROM decided_rows") == [(30,)]
    promoted = f"SELECT count(*) FROM activations WHERE deployment_id = {loop.challenger_id}"  # noqa: S608
    assert rows(promoted) == [(1,)]


def test_a_candidate_whose_answer_was_lost_is_not_trained_again(walk: Walk, rows: Rows) -> None:
    walk.double.killed_at = "train_candidate"
    walk.double.forgets = True  # ml_model, or tracking, died before it had kept its answer
    loop = walk.go_on(walk.begin())
    assert (loop.step, walk.live) == ("watch", loop.challenger_id)
    assert rows("SELECT count(*) FROM deployments WHERE model_name = 'SVC'") == [(1,)]


@pytest.mark.parametrize("call", ["search", "train_candidate"])
def test_what_another_service_refuses_ends_the_loop_with_its_reason(walk: Walk, call: str) -> None:
    walk.double.refused = call
    loop = walk.go_on(walk.begin())
    assert loop.outcome == "failed"
    assert f"{call} refused" in str(loop.reason)


def test_a_candidate_is_discarded_with_a_loop_that_is_aborted(walk: Walk, rows: Rows) -> None:
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    walk.loops.abort(loop.id, caller=ALICE)
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("aborted", loop.champion_id)
    discarded = f"SELECT discarded_at IS NULL FROM deployments WHERE id = {loop.challenger_id}"  # noqa: S608
    assert rows(discarded) == [(False,)]
    with pytest.raises(LoopEndedError):
        walk.loops.abort(loop.id, caller=ALICE)


def test_a_use_case_has_one_loop_at_a_time(walk: Walk) -> None:
    loop = walk.begin()
    with pytest.raises(LoopInFlightError, match=f"loop {loop.id}"):
        walk.begin()


def test_without_a_live_model_there_is_no_loop(sessions: Sessions, fleet: Fleet) -> None:
    with pytest.raises(NothingLiveError):
        Walk(sessions, 0).begin()


def test_a_row_decides_once(walk: Walk) -> None:
    loop = walk.go_on(walk.begin())
    with MonitoringUnitOfWork(walk.sessions) as work:
        use_case = work.samples.find("wine")
        taken = work.labelled.reserved(loop.id)
        with pytest.raises(IntegrityError):
            work.labelled.reserve(use_case, taken[:1], loop.id, 2)


def test_the_gates_figures_give_the_same_verdict_again(walk: Walk) -> None:
    gate = walk.go_on(walk.begin()).last("gate")
    assert gate is not None
    again = replay_gate(gate.figures)
    assert (again.verdict, again.reason) == (gate.outcome, gate.reason)


def test_who_aborts_a_loop_and_who_ends_its_step_do_not_wait_for_each_other(walk: Walk) -> None:
    loop, ended = walk.begin(), list[bool]()
    with MonitoringUnitOfWork(walk.sessions) as aborting, MonitoringUnitOfWork(walk.sessions) as running:
        held = aborting.loops.find(loop.id, hold=True)

        def end() -> None:
            found = Found("by_hand", "begun by hand", Next("reserve"))
            ended.append(running.loops.end_step(loop, loop.current, found))
            running.commit()

        runner = Thread(target=end)
        runner.start()
        with walk.sessions() as watching:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            while not watching.scalar(text(waiting)) and runner.is_alive():
                watching.rollback()
        stop = Found("aborted", "aborted by alice", clear_for("aborted", "aborted by alice"))
        assert aborting.loops.end_step(held, held.current, stop)
        aborting.commit()
        runner.join()
    assert ended == [False]


def test_a_loop_that_is_aborted_while_it_is_read_is_read_as_it_was_at_one_moment(walk: Walk) -> None:
    loop, aborted = walk.begin(), list[Loop]()
    with MonitoringUnitOfWork(walk.sessions) as reading:
        connection = reading.session.connection()

        def abort(*_: object) -> None:
            if not aborted:
                aborted.append(loop)
                walk.loops.abort(loop.id, caller=ALICE)

        event.listen(connection, "after_cursor_execute", abort)
        found = reading.loops.find(loop.id)
    assert aborted
    assert found.step == found.current.name


def test_clearing_up_waits_for_as_long_as_it_takes(walk: Walk, rows: Rows) -> None:
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    walk.loops.abort(loop.id, caller=ALICE)
    walk.double.away = "end_role"
    for _ in range(2):
        with pytest.raises(SiblingAwaitedError):
            walk.go_on(loop)
        walk.run(
            "UPDATE loop_steps SET figures = jsonb_set(figures, '{away_since}', '\"2026-01-01T00:00Z\"') "
            "WHERE name = 'clear'"
        )
    assert rows("SELECT outcome FROM loop_steps WHERE name = 'clear'") == [(None,)]
    walk.double.away = ""
    assert walk.go_on(loop).outcome == "aborted"


def test_rows_that_were_loaded_anew_can_decide(walk: Walk, fleet: Fleet) -> None:
    loop = walk.go_on(walk.begin())
    fleet.load("production", "heavy")
    with MonitoringUnitOfWork(walk.sessions) as work:
        use_case = work.samples.find("wine")
        assert work.labelled.reserved(loop.id) == []
        assert len(work.labelled.newest_undecided(use_case, 100)) == 36
