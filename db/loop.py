"""The tables of the loop: what a deployment is judged by, verdicts, policies, loops with their steps."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, deferred, mapped_column

from db.shared import DeploymentRow, SharedTable, SnapshotRow, UseCaseRow


class DeploymentReferenceRow(SharedTable):
    """What a deployment says of the rows that it learned from, by models that had not seen them."""

    __tablename__ = "deployment_references"
    __table_args__ = ({"comment": "Out-of-fold predictions of deployments, made when they are trained"},)

    deployment_id: Mapped[int] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    predictions: Mapped[bytes] = deferred(
        mapped_column(LargeBinary, nullable=False, comment="of its snapshot's rows, float64 each, zlib")
    )
    probabilities: Mapped[bytes | None] = deferred(
        mapped_column(LargeBinary, comment="of the predicted classes, the same way; null: it gives none")
    )
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReferenceFiguresRow(SharedTable):
    """One side of every comparison with a deployment's reference, ready to be compared."""

    __tablename__ = "reference_figures"
    __table_args__ = ({"comment": "Sorted columns and counts of references, until their rows change"},)

    deployment_id: Mapped[int] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    reference: Mapped[str] = mapped_column(primary_key=True, comment="testing, training, or both")
    version: Mapped[str] = mapped_column(comment="another one when the rows have changed")
    figures: Mapped[bytes] = deferred(
        mapped_column(LargeBinary, nullable=False, comment="arrays of numpy, by column")
    )
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VerdictRow(SharedTable):
    """Whether something must be done about a deployment, and by what evidence."""

    __tablename__ = "verdicts"
    __table_args__ = (
        CheckConstraint("verdict IN ('steady', 'warning', 'act', 'insufficient')", name="verdict_is_known"),
        Index("verdicts_newest_idx", "use_case", text("id DESC")),
        Index("verdicts_window_idx", "deployment_id", text("last_id DESC")),
        {"comment": "Every verdict on a window of production, with all that it rests on"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    deployment_id: Mapped[int | None] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="SET NULL"), comment="that was judged"
    )
    verdict: Mapped[str] = mapped_column(comment="steady, warning, act or insufficient")
    sentence: Mapped[str] = mapped_column(comment="why, for people")
    evidence: Mapped[str] = mapped_column(comment="what might act: auto, harm, drift or either")
    reference: Mapped[dict[str, Any]] = mapped_column(comment="what the window was held against")
    first_id: Mapped[int] = mapped_column(BigInteger, comment="sample_id of the window's first row")
    last_id: Mapped[int] = mapped_column(BigInteger, comment="sample_id of its last")
    rows: Mapped[int] = mapped_column(BigInteger, comment="of the window, duplicates included")
    labelled: Mapped[int] = mapped_column(BigInteger, comment="of them, how many had a target")
    figures: Mapped[dict[str, Any]] = mapped_column(comment="every p and effect, of the window and pooled")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(comment="who asked for it")
    by_policy: Mapped[bool] = mapped_column(server_default=false(), comment="whether a policy did")


class PolicyRow(SharedTable):
    """When a use case is judged, and what follows from it."""

    __tablename__ = "policies"
    __table_args__ = ({"comment": "What the loop may do, by use case; without a row it does nothing"},)

    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"), primary_key=True)
    policy: Mapped[dict[str, Any]] = mapped_column(comment="as it was put, without the webhook's secret")
    secret: Mapped[str | None] = mapped_column(comment="that webhooks are signed with")
    judged_until: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), comment="sample_id of the last row that the policy has judged"
    )
    judged_at: Mapped[datetime | None] = mapped_column(comment="when it last did")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(comment="who put it")


class LoopRow(SharedTable):
    """A way from a verdict to another model, or to the reason why there is none."""

    __tablename__ = "loops"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('kept', 'rolled_back', 'rejected', 'held', 'superseded', 'aborted', 'failed')",
            name="outcome_is_known",
        ),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended_has_outcome"),
        Index("loops_one_in_flight_idx", "use_case", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("loops_newest_idx", "use_case", text("id DESC")),
        {"comment": "Loops, one in flight a use case"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    verdict_id: Mapped[int | None] = mapped_column(
        ForeignKey(VerdictRow.id, ondelete="SET NULL"),
        index=True,
        comment="that it began with; null: by hand",
    )
    policy: Mapped[dict[str, Any]] = mapped_column(comment="as it was when the loop began")
    champion_id: Mapped[int | None] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="SET NULL"), index=True, comment="that was live when it began"
    )
    challenger_id: Mapped[int | None] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="SET NULL"), index=True, comment="that the loop has trained"
    )
    snapshot_id: Mapped[int | None] = mapped_column(
        ForeignKey(SnapshotRow.id, ondelete="SET NULL"), index=True, comment="what was learned from"
    )
    step: Mapped[str] = mapped_column(comment="that is at work, or was the last")
    outcome: Mapped[str | None] = mapped_column(comment="how it ended; null while it goes on")
    reason: Mapped[str | None] = mapped_column(comment="of that, in a sentence")
    job_id: Mapped[str | None] = mapped_column(comment="that does it")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(comment="who began it")


class LoopStepRow(SharedTable):
    """What one step of a loop was given, what it found, and why it ended as it did."""

    __tablename__ = "loop_steps"
    __table_args__ = (
        Index("loop_steps_once_idx", "loop_id", "name", "look", unique=True),
        {"comment": "Steps of loops: enough to come to the same end again"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    loop_id: Mapped[int] = mapped_column(ForeignKey(LoopRow.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(comment="judge, reserve, search, train, gate, promote, watch or end")
    look: Mapped[int] = mapped_column(server_default=text("1"), comment="how often it was looked, from 1")
    given: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"), comment="what went in")
    figures: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="what was found"
    )
    outcome: Mapped[str | None] = mapped_column(comment="what follows; null while it goes on")
    reason: Mapped[str | None] = mapped_column(comment="of that, in a sentence")
    began_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class DecidedRow(SharedTable):
    """A production row that decides in a gate. It does so once."""

    __tablename__ = "decided_rows"
    __table_args__ = (
        Index("decided_rows_loop_idx", "loop_id"),
        {"comment": "Rows that decided between two models; none does so a second time"},
    )

    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"), primary_key=True)
    sample_index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loop_id: Mapped[int] = mapped_column(
        ForeignKey(LoopRow.id, ondelete="CASCADE"),
        comment="in which; not learned from until it has ended",
    )
    look: Mapped[int] = mapped_column(comment="of the gate, from 1")
