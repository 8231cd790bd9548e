"""Where loops and their steps are kept."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from psycopg2.errors import UniqueViolation
from sqlalchemy import cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.live import IS_LIVE
from db.loop import LoopRow, LoopStepRow
from db.paging import newest_first
from db.records import as_record
from db.shared import ActivationRow, DeploymentRow
from db.tables import use_case_tables
from db.use_cases import find_use_case
from fleet.errors import AwayError, ConflictError, NotFoundError
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.loop import Candidate, Champion, End, Found, Loop, Next, Step
from monitoring.persistence.model.policy import Policy

LARGEST_ID = 2**63 - 1


class UnknownLoopError(NotFoundError):
    """There is no loop of that id."""

    def __init__(self, loop_id: int) -> None:
        super().__init__(f"There is no loop {loop_id}", "Use an id that GET /root/monitoring/loops lists")


class LoopInFlightError(ConflictError):
    """A use case has one loop at a time. loop_id: of that; None if it has just ended."""

    def __init__(self, use_case: str, loop_id: int | None) -> None:
        self.loop_id = loop_id
        which = "" if loop_id is None else f": loop {loop_id}"
        super().__init__(
            f"A loop of '{use_case}' is under way already{which}",
            "Wait for its end, or abort it: DELETE /root/monitoring/loops/<id>",
        )


class LoopEndedError(ConflictError):
    """There is nothing left to abort."""

    def __init__(self, loop_id: int) -> None:
        super().__init__(f"Loop {loop_id} has ended already", "Nothing was changed")


class StillTrainingError(AwayError):
    """The candidate of an interrupted training is being trained yet."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(f"Deployment {deployment_id} is being trained yet", "It is waited for")


class LoopRepository:
    """`loops` and `loop_steps`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(  # noqa: PLR0913  # what a loop begins with
        self,
        use_case: str,
        policy: Policy,
        champion_id: int,
        first: Next,
        *,
        verdict_id: int | None,
        challenger_id: int | None = None,
        actor: str,
    ) -> int:
        """A new loop. challenger_id: that it need not search for.

        Raises LoopInFlightError, and UnknownUseCaseError if the use case was just removed.
        """
        row = LoopRow(
            use_case=use_case,
            verdict_id=verdict_id,
            policy=policy.model_dump(mode="json", exclude={"webhook"}),
            champion_id=champion_id,
            challenger_id=challenger_id,
            step=first.name,
            actor=actor,
        )
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            if not isinstance(error.orig, UniqueViolation):
                self._session.expire_all()
                find_use_case(self._session, use_case)
                raise
            other = self.in_flight(use_case)
            raise LoopInFlightError(use_case, None if other is None else other.id) from error
        self._add_step(row.id, first)
        return row.id

    def find(self, loop_id: int, *, hold: bool = False) -> Loop:
        """With its steps. hold: nobody else changes it until the transaction ends.

        Raises UnknownLoopError.
        """
        if loop_id > LARGEST_ID:
            raise UnknownLoopError(loop_id)
        if hold:
            self._hold(loop_id)
        # In one statement: with two, a step may end between them, and one step's end be written as another's.
        query = select(LoopRow, LoopStepRow).join(LoopStepRow, LoopStepRow.loop_id == LoopRow.id)
        query = query.where(LoopRow.id == loop_id).order_by(LoopStepRow.id)
        found = self._session.execute(query.execution_options(populate_existing=True)).all()
        if not found:
            raise UnknownLoopError(loop_id)
        return replace(_loop(found[0][0]), steps=[as_record(Step, step) for _, step in found])

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[Loop]:
        """Without their steps, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        query = select(LoopRow)
        if use_case is not None:
            query = query.where(LoopRow.use_case == use_case)
        return newest_first(self._session, query, [LoopRow.id], asked, lambda found: _loop(found[0]))

    def in_flight(self, use_case: str) -> Loop | None:
        """The one that has not ended, without its steps."""
        query = select(LoopRow).where(LoopRow.use_case == use_case, LoopRow.ended_at.is_(None))
        row = self._session.scalars(query).one_or_none()
        return None if row is None else _loop(row)

    def every_in_flight(self) -> list[Loop]:
        """Those of all use cases that have not ended."""
        query = select(LoopRow.id).where(LoopRow.ended_at.is_(None)).order_by(LoopRow.id)
        return [self.find(loop_id) for loop_id in self._session.scalars(query)]

    def last_ended(self, use_case: str) -> Loop | None:
        """The one that ended last, with its steps."""
        query = select(LoopRow.id).where(LoopRow.use_case == use_case, LoopRow.ended_at.is_not(None))
        found = self._session.scalar(query.order_by(LoopRow.ended_at.desc()).limit(1))
        return None if found is None else self.find(found)

    def give_job(self, loop_id: int, job_id: str) -> None:
        """Write down which job does it from now on."""
        self._session.execute(update(LoopRow).where(LoopRow.id == loop_id).values(job_id=job_id))

    def note(self, step: Step, figures: Mapping[str, Any]) -> bool:
        """Write down what a step knows before it ends; False if it has ended."""
        return self._change(step, figures=_with(figures))

    def end_step(self, loop: Loop, step: Step, found: Found) -> bool:
        """Write down how it has ended, and what follows; False if it had ended before."""
        # The loop first, as whoever aborts it does: two that wait for each other would be a deadlock.
        self._hold(loop.id)
        told = {"figures": _with(found.figures), "outcome": found.outcome}
        if not self._change(step, **told, reason=found.reason, ended_at=func.clock_timestamp()):
            return False
        changes: dict[str, Any] = dict(found.changes)
        if isinstance(found.then, End):
            changes |= {"outcome": found.then.outcome, "reason": found.then.reason}
            changes["ended_at"] = func.clock_timestamp()
        else:
            changes["step"] = found.then.name
            self._add_step(loop.id, found.then)
        self._session.execute(update(LoopRow).where(LoopRow.id == loop.id).values(**changes))
        return True

    def candidate_of(self, loop: Loop, run_id: str) -> Candidate | None:
        """The loop's candidate of a run, which an interrupted training may have left.

        Of the same run a person may have one too, which learned from other rows. Raises StillTrainingError.
        """
        query = select(DeploymentRow).where(
            DeploymentRow.use_case == loop.use_case,
            DeploymentRow.run_id == run_id,
            DeploymentRow.snapshot_id == loop.snapshot_id,
            DeploymentRow.chosen_at.is_(None),
            DeploymentRow.discarded_at.is_(None),
            DeploymentRow.failure.is_(None),
        )
        row = self._session.scalars(query.order_by(DeploymentRow.id.desc()).limit(1)).one_or_none()
        if row is not None and row.trained_at is None:
            raise StillTrainingError(row.id)
        return None if row is None else as_record(Candidate, row)

    def is_trained(self, use_case: str, deployment_id: int) -> bool:
        """Whether the use case has a deployment of that id which can be made live."""
        row = self._session.get(DeploymentRow, deployment_id)
        trained = row is not None and row.trained_at is not None and row.discarded_at is None
        return trained and row is not None and row.use_case == use_case

    def champion(self, use_case: str) -> Champion | None:
        """What is live."""
        query = (
            select(DeploymentRow)
            .join(ActivationRow, ActivationRow.deployment_id == DeploymentRow.id)
            .where(ActivationRow.use_case == use_case, IS_LIVE)
        )
        row = self._session.scalars(query).one_or_none()
        return None if row is None else as_record(Champion, row)

    def is_live_since(self, use_case: UseCase, sample_id: int) -> bool:
        """Whether what is live was so when that row came in."""
        samples = use_case_tables(use_case).samples
        came_in = select(samples.c.created_at).where(samples.c.sample_id == sample_id).scalar_subquery()
        query = select(ActivationRow.since <= came_in).where(ActivationRow.use_case == use_case.name, IS_LIVE)
        return bool(self._session.scalar(query))

    def _hold(self, loop_id: int) -> None:
        self._session.execute(select(LoopRow.id).where(LoopRow.id == loop_id).with_for_update())

    def _add_step(self, loop_id: int, step: Next) -> None:
        self._session.add(
            LoopStepRow(loop_id=loop_id, name=step.name, look=step.look, given=dict(step.given))
        )
        self._session.flush()

    def _change(self, step: Step, **values: Any) -> bool:
        going_on = (LoopStepRow.id == step.id, LoopStepRow.ended_at.is_(None))
        done = self._session.execute(update(LoopStepRow).where(*going_on).values(**values))
        return done.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _with(figures: Mapping[str, Any]) -> Any:
    """What is known of a step, and this beside it."""
    return LoopStepRow.figures.op("||")(cast(dict(figures), JSONB))


def _loop(row: LoopRow) -> Loop:
    known = {name: getattr(row, name) for name in (each.name for each in fields(Loop)) if name != "steps"}
    return Loop(**{**known, "policy": Policy.model_validate(row.policy)})
