"""Somebody else does something at the worst moment for a loop."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from db.definition import UseCase
from db.use_cases import UnknownUseCaseError
from monitoring.persistence.model.loop import Next
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.repository.loop_siblings import SiblingAwaitedError
from monitoring.persistence.repository.loops import StillTrainingError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.judging_by_policy import _may_begin
from tests.callers import ALICE
from tests.integration.monitoring.conftest import Fleet, Rows
from tests.integration.monitoring.test_judging_by_policy import Judged, judged
from tests.integration.monitoring.walking import BETTER, EQUAL, WORSE, KilledError, Walk

__all__ = ["judged"]  # a fixture


def test_what_a_person_makes_live_while_the_challenger_is_scored_stays_live(walk: Walk, fleet: Fleet) -> None:
    other = fleet.set_model()
    walk.double.meanwhile["promote"] = lambda: walk.double.make_live(other)
    loop = walk.go_on(walk.begin())
    assert (loop.outcome, walk.live) == ("superseded", other)
    assert f"deployment {other} is live" in str(loop.reason)


def test_what_a_person_makes_live_while_the_loop_rolls_back_stays_live(walk: Walk, fleet: Fleet) -> None:
    loop, other = walk.go_on(walk.begin()), fleet.set_model()
    walk.double.pairs = [WORSE]
    walk.label_again()
    walk.double.meanwhile["roll_back"] = lambda: walk.double.make_live(other)
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("superseded", other)
    assert loop.last("clear").figures["done"] == [  # type: ignore[union-attr]
        f"deployment {loop.champion_id} is no shadow any more",
        f"deployment {loop.challenger_id} is no shadow any more",
        f"deployment {loop.challenger_id} was discarded",
    ]


def test_a_rollback_that_is_refused_is_not_told_as_done(walk: Walk) -> None:
    loop = walk.go_on(walk.begin())
    walk.double.pairs = [WORSE]
    walk.label_again()
    walk.double.refused = "roll_back"
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("failed", loop.challenger_id)
    assert "roll_back refused" in str(loop.reason)


def test_a_challenger_that_a_person_makes_live_stays_live_when_the_loop_is_aborted(walk: Walk) -> None:
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    assert loop.challenger_id is not None
    walk.double.make_live(loop.challenger_id)
    walk.loops.abort(loop.id, caller=ALICE)
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("aborted", loop.challenger_id)


@pytest.mark.parametrize("dies", ["", "search"])
def test_a_search_that_is_begun_while_its_loop_is_aborted_is_cancelled(walk: Walk, dies: str) -> None:
    loop = walk.begin()
    walk.double.meanwhile["search"] = lambda: walk.loops.abort(loop.id, caller=ALICE)
    walk.double.killed_at = dies
    loop = walk.go_on(loop)
    assert loop.outcome == "aborted"
    assert walk.double.cancelled == list(walk.double.done.values())
    assert loop.last("clear").figures["done"] == ["the search was cancelled"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("step", "begun"), [("search", 0), ("train", 1)])
def test_a_loop_that_is_aborted_before_it_asks_does_not(walk: Walk, step: str, begun: int) -> None:
    loop = walk.begin()

    def abort(_: float, at: str) -> None:
        if at == step:
            walk.loops.abort(loop.id, caller=ALICE)

    walk.attempt(loop, tell=abort)
    assert walk.find(loop).outcome == "aborted"
    assert len(walk.double.done) == begun


def test_a_candidate_that_is_trained_after_its_loop_was_aborted_is_discarded(walk: Walk, rows: Rows) -> None:
    loop = walk.begin()
    walk.double.meanwhile["train_candidate"] = lambda: walk.loops.abort(loop.id, caller=ALICE)
    walk.double.away = "train_candidate"  # ml_model is about to begin, and nobody is told
    with pytest.raises(SiblingAwaitedError):
        walk.attempt(loop)
    walk.double.away = ""
    loop = walk.go_on(loop)
    assert loop.outcome == "aborted"
    assert rows("SELECT count(*), count(discarded_at) FROM deployments WHERE run_id = 'run-1'") == [(1, 1)]


@pytest.mark.parametrize(("call", "what"), [("search", "a search"), ("train_candidate", "a candidate")])
def test_what_nobody_can_tell_of_does_not_hold_a_loop_for_ever(walk: Walk, call: str, what: str) -> None:
    loop = walk.begin()
    walk.double.away = call
    for _ in range(2):
        with pytest.raises(SiblingAwaitedError):
            walk.attempt(loop)
        if walk.find(loop).step != "clear":
            walk.loops.abort(loop.id, caller=ALICE)
    walk.run("UPDATE loop_steps SET began_at = now() - interval '6 min' WHERE name = 'clear'")
    walk.attempt(loop)
    loop = walk.find(loop)
    assert loop.outcome == "aborted"
    assert loop.last("clear").figures["done"] == [f"{what} may have been left: nobody could be asked"]  # type: ignore[union-attr]


def test_a_training_that_goes_on_while_its_key_is_forgotten_is_waited_for(walk: Walk, rows: Rows) -> None:
    loop = walk.begin()
    walk.double.killed_at, walk.double.forgets = "train_candidate", True
    with pytest.raises(KilledError):
        walk.attempt(loop)
    walk.run("UPDATE deployments SET trained_at = NULL, artifact = NULL WHERE run_id = 'run-1'")
    with pytest.raises(StillTrainingError):
        walk.attempt(loop)
    walk.run("UPDATE deployments SET trained_at = now(), artifact = 'x' WHERE run_id = 'run-1'")
    walk.attempt(loop)
    assert rows("SELECT count(*) FROM deployments WHERE run_id = 'run-1'") == [(1,)]
    assert walk.live == walk.double.challenger


def test_a_persons_candidate_of_the_same_run_is_not_the_loops(walk: Walk, rows: Rows) -> None:
    walk.run(
        "INSERT INTO deployments (use_case, model_name, run_id, hyperparameters, preprocessing, trained_at, "
        "artifact, artifact_format) VALUES ('wine', 'Ridge', 'run-1', '{}', 'none', now(), 'x', 'onnx')"
    )
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    assert (loop.step, loop.challenger_id) == ("gate", walk.double.challenger)
    walk.loops.abort(loop.id, caller=ALICE)
    walk.go_on(loop)
    assert rows("SELECT discarded_at FROM deployments WHERE model_name = 'Ridge'") == [(None,)]


def test_a_use_case_that_has_just_been_removed_has_no_loop_in_flight(walk: Walk) -> None:
    how: dict[str, Any] = {"verdict_id": None, "actor": "alice"}
    with MonitoringUnitOfWork(walk.sessions) as work:
        work.samples.find("wine")
        walk.run("DELETE FROM use_cases WHERE name = 'wine'")
        with pytest.raises(UnknownUseCaseError):
            work.loops.begin("wine", Policy(), walk.double.champion, Next("judge"), **how)


@pytest.mark.parametrize("step", ["gate", "watch"])
def test_rows_that_go_between_their_choice_and_their_evaluation_are_done_without(
    walk: Walk, rows: Rows, step: str
) -> None:
    def forget_one() -> None:
        walk.run(
            "DELETE FROM wine.samples WHERE sample_index = (SELECT sample_index FROM wine.targets "
            "JOIN decided_rows USING (sample_index) ORDER BY target_id LIMIT 1)"
        )

    loop = walk.begin()
    if step == "watch":
        loop = walk.go_on(loop)
        walk.run("UPDATE loops SET policy = jsonb_set(policy, '{watch_rows}', '30')")
        walk.label_again()
    else:
        walk.run("UPDATE loops SET policy = jsonb_set(policy, '{gate,share}', '0.9')")
    walk.double.pairs = [EQUAL] if step == "watch" else [BETTER]
    walk.double.meanwhile["evaluate"] = forget_one
    loop = walk.go_on(loop)
    assert (loop.outcome, loop.step) == (("kept", "clear") if step == "watch" else (None, "watch"))
    assert rows("SELECT count(*) FROM wine.samples WHERE dataset_id = 3") == [(35,)]
    assert loop.last(step).figures["rows"] == (30 if step == "watch" else 31)  # type: ignore[arg-type, union-attr]


def begin_first(judged: Judged) -> None:
    judged.loops.begin("wine", caller=ALICE)


def make_another_live(judged: Judged) -> None:
    judged.run("UPDATE activations SET until = now() WHERE until IS NULL")
    judged.run(
        "WITH other AS (INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing) "
        "VALUES ('wine', 'SVC', '{}', 'none') RETURNING id) "
        "INSERT INTO activations (use_case, deployment_id, role) SELECT 'wine', id, 'active' FROM other"
    )


@pytest.mark.parametrize(
    ("meanwhile", "why", "loops"),
    [(begin_first, "under way already", [(None,)]), (make_another_live, "is live by now", [])],
)
def test_a_verdict_is_kept_where_somebody_is_faster_than_the_loop_that_it_asks_for(  # noqa: PLR0917
    judged: Judged,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    meanwhile: Callable[[Judged], None],
    why: str,
    loops: list[tuple[None]],
) -> None:
    def faster(work: MonitoringUnitOfWork, use_case: UseCase, policy: Policy) -> bool:
        may = _may_begin(work, use_case, policy)
        meanwhile(judged)
        return may

    monkeypatch.setattr("monitoring.service.loop.judging_by_policy._may_begin", faster)
    caplog.set_level(logging.INFO)
    found = judged.judge()
    assert (len(found["verdicts"]), found["loops"]) == (1, [])
    assert rows("SELECT verdict FROM verdicts") == [("act",)]
    assert rows("SELECT verdict_id FROM loops") == loops
    assert why in caplog.text
    assert judged.judge()["verdicts"] == []
