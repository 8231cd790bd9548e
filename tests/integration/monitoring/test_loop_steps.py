"""A loop's steps on a real PostgreSQL; ml_model and tracking are a double that changes what is live."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.exc import IntegrityError

from db.shared import ActivationRow, DeploymentRow, SnapshotRow
from fleet.errors import SiblingRefusedError
from fleet.jobs import Work
from monitoring.persistence.model.loop import Loop
from monitoring.persistence.repository.loop_siblings import LoopSiblings
from monitoring.persistence.repository.loops import LoopEndedError, LoopInFlightError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.gating import replay_gate
from monitoring.service.loop.loops import Loops, NothingLiveError
from monitoring.service.loop.runner import LoopRunner
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet, Rows

BETTER = {"mean": -0.3, "p_better": 1e-4, "p_worse": 1.0, "upper_bound": -0.2, "lower_bound": -0.4}
EQUAL = {"mean": 0.0, "p_better": 0.5, "p_worse": 0.5, "upper_bound": 0.1, "lower_bound": -0.1}
WORSE = {"mean": 0.3, "p_better": 1.0, "p_worse": 1e-4, "upper_bound": 0.4, "lower_bound": 0.2}


class KilledError(BaseException):
    """The process is gone."""


class Double:
    """pairs: answers to evaluations on rows, in turn. killed_at: the call after which the process dies."""

    def __init__(self, sessions: Sessions, champion: int) -> None:
        self._sessions = sessions
        self.champion, self.challenger = champion, 0
        self.pairs: list[Mapping[str, Any]] = [BETTER]
        self.calls: list[str] = []
        self.killed_at = ""
        self.refused = ""
        self.done: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*told: Any, **named: Any) -> Any:
            del named
            if name == self.refused:
                raise SiblingRefusedError(400, {"error": f"{name} refused", "message": "", "code": "no"})
            self.calls.append(name)
            answer = getattr(self, f"on_{name}")(*told)
            if name == self.killed_at:
                self.killed_at = ""
                raise KilledError
            return answer

        return call

    def on_take_snapshot(self, use_case: str) -> dict[str, Any]:
        values = {"use_case": use_case, "rows": 106, "digest": b"d" * 32, "actor": "loop"}
        with self._sessions() as session:
            session.execute(text("DELETE FROM snapshots"))
            found = session.execute(insert(SnapshotRow).values(**values).returning(SnapshotRow.id))
            snapshot_id = found.scalar_one()
            session.commit()
        return {"id": snapshot_id, "rows": 106, "digest": "64"}

    def on_search(self, body: dict[str, Any], key: str) -> str:
        return str(self.done.setdefault(key, f"job {body['experiment_name']}"))

    def on_job(self, job_id: str) -> dict[str, Any]:
        data = {"experiment_id": "1", "run_ids": {"SVC": "run-1"}, "best_model": "SVC"}
        return {"id": job_id, "status": "succeeded", "progress": 1.0, "detail": "", "result": {"data": data}}

    def on_cancel(self, job_id: str) -> bool:
        return bool(job_id)

    def on_train_candidate(self, use_case: str, run_id: str, snapshot_id: int, key: str) -> dict[str, Any]:
        if key not in self.done:
            values = {"use_case": use_case, "model_name": "SVC", "run_id": run_id, "snapshot_id": snapshot_id}
            trained = {"trained_at": text("now()"), "artifact": b"x", "artifact_format": "onnx"}
            statement = insert(DeploymentRow).values(
                **values, **trained, hyperparameters={}, preprocessing="none"
            )
            with self._sessions() as session:
                found = session.execute(statement.returning(DeploymentRow.id))
                self.challenger = self.done[key] = found.scalar_one()
                session.commit()
        return {"id": self.done[key], "model_name": "SVC"}

    def on_evaluate(self, use_case: str, both: list[int], rows: Mapping[str, Any]) -> dict[str, Any]:
        del use_case
        pair = EQUAL
        if "sample_index" in rows:
            pair = dict(self.pairs.pop(0) if len(self.pairs) > 1 else self.pairs[0])
        count = len(rows.get("sample_index", range(36)))
        deployments = [{"deployment_id": each, "metrics": {"accuracy": 0.5}} for each in both]
        return {"deployments": deployments, "pairs": [{**pair, "rows": count}]}

    def on_promote(self, deployment_id: int, reason: str, key: str) -> dict[str, Any]:
        self._activate(deployment_id)
        return {"reason": reason, "key": key}

    def on_tell_promoted(self, run_id: str, deployment_id: int) -> bool:
        return bool(run_id and deployment_id)

    def on_roll_back(self, use_case: str, deployment_id: int, reason: str, key: str) -> bool:
        del use_case, reason, key
        self._activate(deployment_id)
        return True

    def on_shadow(self, deployment_id: int, reason: str) -> None:
        """Nothing here looks at shadows."""

    def on_end_role(self, deployment_id: int) -> bool:
        return bool(deployment_id)

    def on_discard(self, deployment_id: int) -> bool:
        with self._sessions() as session:
            which = update(DeploymentRow).where(DeploymentRow.id == deployment_id)
            session.execute(which.values(discarded_at=text("now()"), artifact=None))
            session.commit()
        return True

    def _activate(self, deployment_id: int) -> None:
        with self._sessions() as session:
            session.execute(update(ActivationRow).values(until=text("now()")))
            values = {"deployment_id": deployment_id, "use_case": "wine", "role": "active"}
            session.execute(insert(ActivationRow).values(**values))
            session.commit()


class Walk:
    """A loop on wine that is walked by hand."""

    def __init__(self, sessions: Sessions, champion: int) -> None:
        self.sessions = sessions
        self.double = Double(sessions, champion)
        self.loops = Loops(lambda: MonitoringUnitOfWork(sessions), limit_s=60)
        siblings = cast(LoopSiblings, self.double)
        self.runner = LoopRunner(lambda: MonitoringUnitOfWork(sessions), siblings)

    def begin(self) -> Loop:
        return self.loops.begin("wine", caller=ALICE)

    def go_on(self, loop: Loop) -> Loop:
        """As its job does; again where it is killed."""
        job = Work("job", 1, {}, ALICE, lambda *_: None, lambda _: None)
        for _ in range(2):
            try:
                self.runner.run(loop.id, job)
                break
            except KilledError:
                continue
        return self.loops.find(loop.id)

    def label_again(self) -> None:
        """The truth about production comes in anew: as many rows as were labelled before."""
        with self.sessions() as session:
            session.execute(
                text(
                    "WITH gone AS (DELETE FROM wine.targets t USING wine.samples s WHERE s.sample_index = "
                    "t.sample_index AND s.dataset_id = 3 RETURNING t.sample_index, target_index, class) "
                    "INSERT INTO wine.targets (sample_index, target_index, class) SELECT * FROM gone"
                )
            )
            session.commit()

    @property
    def live(self) -> int:
        with MonitoringUnitOfWork(self.sessions) as work:
            champion = work.loops.champion("wine")
        assert champion is not None
        return champion.id


@pytest.fixture
def walk(sessions: Sessions, fleet: Fleet) -> Walk:
    fleet.load_all("none")
    champion = fleet.set_model()
    fleet.activate(champion)
    return Walk(sessions, champion)


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


def test_a_watch_ends_when_a_person_changes_what_is_live(walk: Walk, fleet: Fleet) -> None:
    loop = walk.go_on(walk.begin())
    other = fleet.set_model()
    walk.double.on_promote(other, "by hand", "")
    assert walk.runner.is_due(loop)
    loop = walk.go_on(loop)
    assert (loop.outcome, walk.live) == ("superseded", other)


def test_an_undecided_challenger_is_a_shadow_and_waits_for_labels(walk: Walk) -> None:
    walk.double.pairs = [EQUAL]
    loop = walk.go_on(walk.begin())
    assert (loop.outcome, loop.step, loop.current.look) == (None, "gate", 2)
    assert "shadow" in walk.double.calls
    assert not walk.runner.is_due(loop)
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
