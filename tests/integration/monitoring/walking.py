"""A loop on wine whose steps are walked by hand; a double of the others changes what is live."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from sqlalchemy import insert, select, text, update

from db.live import IS_LIVE
from db.shared import ActivationRow, DeploymentRow, SnapshotRow
from fleet.errors import SiblingRefusedError
from fleet.jobs import Progress, Work
from ml_model.service.evaluation import UnknownSamplesError
from monitoring.persistence.model.loop import Loop
from monitoring.persistence.repository.loop_siblings import LoopSiblings, SiblingAwaitedError, Swap
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.loops import Loops
from monitoring.service.loop.runner import LoopRunner
from monitoring.service.loop.waiting import is_due
from tests.callers import ALICE
from tests.conftest import Sessions

BETTER = {"mean": -0.3, "p_better": 1e-4, "p_worse": 1.0, "upper_bound": -0.2, "lower_bound": -0.4}
EQUAL = {"mean": 0.0, "p_better": 0.5, "p_worse": 0.5, "upper_bound": 0.1, "lower_bound": -0.1}
WORSE = {"mean": 0.3, "p_better": 1.0, "p_worse": 1e-4, "upper_bound": 0.4, "lower_bound": 0.2}


class KilledError(BaseException):
    """The process is gone."""


class Double:
    """pairs: answers to evaluations on rows, in turn. killed_at: the call after which the process dies.

    forgets: no key is known any more when it does. away: the call that finds nobody there. meanwhile: what
    somebody else does, once, before the call of that name.
    """

    def __init__(self, sessions: Sessions, champion: int) -> None:
        self._sessions = sessions
        self.champion, self.challenger = champion, 0
        self.pairs: list[Mapping[str, Any]] = [BETTER]
        self.calls: list[str] = []
        self.killed_at = ""
        self.forgets = False
        self.refused = self.away = ""
        self.done: dict[str, Any] = {}
        self.cancelled: list[str] = []
        self.meanwhile: dict[str, Callable[[], object]] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*told: Any, **named: Any) -> Any:
            del named
            self.meanwhile.pop(name, lambda: None)()
            if name == self.refused:
                raise SiblingRefusedError(400, {"error": f"{name} refused", "message": "", "code": "no"})
            if name == self.away:
                raise SiblingAwaitedError("ml_model is away", "It is waited for")
            self.calls.append(name)
            answer = getattr(self, f"on_{name}")(*told)
            if name == self.killed_at:
                self.killed_at = ""
                if self.forgets:
                    self.done.clear()
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
        self.cancelled.append(job_id)
        return True

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
        with self._sessions() as session:
            there = set(session.scalars(text("SELECT sample_index FROM wine.samples")))
        if gone := set(rows.get("sample_index", ())) - there:
            told = {"error": f"there are no samples {gone}", "message": "", "code": UnknownSamplesError.code}
            raise SiblingRefusedError(404, told)
        if "sample_index" in rows:
            pair = dict(self.pairs.pop(0) if len(self.pairs) > 1 else self.pairs[0])
        count = len(rows.get("sample_index", range(36)))
        deployments = [{"deployment_id": each, "metrics": {"accuracy": 0.5}} for each in both]
        return {"deployments": deployments, "pairs": [{**pair, "rows": count}]}

    def on_score_testing(self, use_case: str, deployment_id: int) -> bool:
        return bool(use_case and deployment_id)

    def on_promote(self, swap: Swap, reason: str, key: str) -> bool:
        del reason, key
        return self._swap(swap)

    def on_tell_promoted(self, run_id: str, deployment_id: int) -> bool:
        return bool(run_id and deployment_id)

    def on_roll_back(self, use_case: str, swap: Swap, reason: str, key: str) -> bool:
        del use_case, reason, key
        return self._swap(swap)

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

    def _swap(self, swap: Swap) -> bool:
        with self._sessions() as session:
            live = session.scalar(select(ActivationRow.deployment_id).where(IS_LIVE))
        if live != swap.instead_of:
            return False
        self.make_live(swap.deployment_id)
        return True

    def make_live(self, deployment_id: int) -> None:
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

    def attempt(self, loop: Loop, tell: Progress = lambda *_: None) -> None:
        self.runner.run(loop.id, Work("job", 1, {}, ALICE, tell, lambda _: None))

    def find(self, loop: Loop) -> Loop:
        with MonitoringUnitOfWork(self.sessions) as work:
            return work.loops.find(loop.id)

    def go_on(self, loop: Loop) -> Loop:
        """As its job does; again where it is killed."""
        for _ in range(2):
            try:
                self.attempt(loop)
                break
            except KilledError:
                continue
        return self.find(loop)

    def is_due(self, loop: Loop) -> bool:
        with MonitoringUnitOfWork(self.sessions) as work:
            return is_due(work, loop)

    def label_again(self) -> None:
        """The truth about production comes in anew: as many rows as were labelled before."""
        self.run(
            "WITH gone AS (DELETE FROM wine.targets t USING wine.samples s WHERE s.sample_index = "
            "t.sample_index AND s.dataset_id = 3 RETURNING t.sample_index, target_index, class) "
            "INSERT INTO wine.targets (sample_index, target_index, class) SELECT * FROM gone"
        )

    def run(self, statement: str) -> None:
        with self.sessions() as session:
            session.execute(text(statement))
            session.commit()

    @property
    def live(self) -> int:
        with MonitoringUnitOfWork(self.sessions) as work:
            champion = work.loops.champion("wine")
        assert champion is not None
        return champion.id
