"""What people are told of, in the transaction in which it happens."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from db.jobs.row import JobRow
from db.loop import VerdictRow
from monitoring.persistence.model.loop import End, Found, Loop, Next, Outcome
from monitoring.persistence.model.policy import Policy, WebhookPolicy
from monitoring.persistence.repository.loop_siblings import LoopSiblings
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.loops import Loops, Told
from monitoring.service.loop.runner import LoopRunner
from monitoring.service.telling.occasions import tell_verdict
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet

POLICY = Policy(webhook=WebhookPolicy(url="https://hooks.example.com/"))
THEN = Next("snapshot")


@dataclass(frozen=True)
class Verdict:
    id: int
    deployment_id: int | None
    verdict: str
    sentence: str


class World:
    """Wine with a live model, and what is ordered to be told."""

    def __init__(self, sessions: Sessions, champion: int) -> None:
        self._sessions = sessions
        self.champion = champion
        self.loops = Loops(self.work, limit_s=60)
        self.runner = LoopRunner(self.work, cast(LoopSiblings, None))

    def work(self) -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(self._sessions)

    def loop(self, loop_id: int) -> Loop:
        with self.work() as work:
            return work.loops.find(loop_id)

    def told(self) -> list[dict[str, Any]]:
        """In order, without their times."""
        with self._sessions() as session:
            rows = session.query(JobRow).filter_by(kind="tell").order_by(JobRow.created_at).all()
            return [{name: of for name, of in row.arguments.items() if name != "at"} for row in rows]

    def end_step(self, loop: Loop, outcome: str, then: Next | End) -> None:
        assert self.runner.end_step(self.loop(loop.id), Found(outcome, "its reason", then))


@pytest.fixture
def world(fleet: Fleet, sessions: Sessions) -> World:
    champion = fleet.set_model()
    fleet.activate(champion)
    world = World(sessions, champion)
    with world.work() as work:
        work.policies.put("wine", POLICY, judged_until=0, actor="alice")
        work.commit()
    return world


@pytest.mark.parametrize("verdict", ["steady", "warning", "insufficient", "act"])
def test_only_a_verdict_to_act_is_told(world: World, verdict: str) -> None:
    with world.work() as work:
        found = Verdict(7, world.champion, verdict, f"{verdict}: hue moved")
        tell_verdict(work, "wine", found, caller=ALICE)
        work.commit()
    told = {
        "kind": "verdict",
        "use_case": "wine",
        "sentence": "act: hue moved",
        "severity": "warning",
        "details": {"verdict_id": 7, "deployment_id": world.champion},
        "link": None,
    }
    assert world.told() == ([told] if verdict == "act" else [])


def test_a_loop_by_hand_is_told_with_who_began_it(world: World) -> None:
    loop = world.loops.begin("wine", caller=ALICE)
    (told,) = world.told()
    assert told["kind"] == "loop_started"
    assert told["sentence"] == f"Loop {loop.id} has begun: begun by hand, by alice"
    assert told["details"] == {
        "loop_id": loop.id,
        "champion_id": world.champion,
        "challenger_id": None,
        "verdict_id": None,
        "action": "retrain_and_promote",
    }


def test_a_loop_by_a_verdict_is_told_with_its_sentence_or_not_at_all(
    world: World, sessions: Sessions
) -> None:
    with world.work() as work:
        world.loops.begin_in(work, "wine", POLICY, caller=ALICE)
    assert world.told() == [], "it was not committed"
    with sessions() as session:
        figures: dict[str, Any] = {"figures": {}, "reference": {}, "evidence": "auto", "actor": "alice"}
        window = {"first_id": 1, "last_id": 36, "rows": 36, "labelled": 0}
        row = VerdictRow(use_case="wine", verdict="act", sentence="act: hue moved", **figures, **window)
        session.add(row)
        session.commit()
        verdict = Told(row.id, "act", row.sentence)
    with world.work() as work:
        loop = world.loops.begin_in(work, "wine", POLICY, caller=ALICE, verdict=verdict)
        work.commit()
    assert world.told()[0]["sentence"] == f"Loop {loop.id} has begun: act: hue moved"


def test_of_a_loops_steps_the_promotion_and_the_end_are_told(world: World) -> None:
    loop = world.loops.begin("wine", caller=ALICE)
    world.end_step(loop, "by_hand", Next("gate"))
    world.end_step(loop, "promote", Next("promote"))
    world.end_step(loop, "promoted", Next("watch", {"mark": 0}))
    world.end_step(loop, "kept", Next("clear", {"outcome": "kept", "reason": "its reason"}))
    world.end_step(loop, "cleared", End("kept", "no worse on 200 rows"))
    _, promoted, ended = world.told()
    assert (promoted["kind"], promoted["severity"]) == ("promoted", "info")
    assert promoted["sentence"] == f"Loop {loop.id}: its reason"
    assert (ended["kind"], ended["severity"], ended["details"]["outcome"]) == ("loop_ended", "info", "kept")
    assert ended["sentence"] == f"Loop {loop.id} has ended, kept: no worse on 200 rows"


@pytest.mark.parametrize(
    ("outcome", "kind", "severity"),
    [
        ("rolled_back", "rolled_back", "critical"),
        ("failed", "loop_ended", "warning"),
        ("rejected", "loop_ended", "info"),
        ("held", "loop_ended", "info"),
        ("superseded", "loop_ended", "info"),
        ("aborted", "loop_ended", "info"),
    ],
)
def test_every_end_is_told_once_as_grave_as_it_is(
    world: World, outcome: Outcome, kind: str, severity: str
) -> None:
    loop = world.loops.begin("wine", caller=ALICE)
    begun = world.loop(loop.id)
    world.end_step(loop, "cleared", End(outcome, "its reason"))
    assert not world.runner.end_step(begun, Found("cleared", "late", End("aborted", "late")))
    _, ended = world.told()
    assert (ended["kind"], ended["severity"]) == (kind, severity)
    assert ended["sentence"] == f"Loop {loop.id} has ended, {outcome.replace('_', ' ')}: its reason"
