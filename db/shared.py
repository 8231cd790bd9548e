"""The tables that all use cases share, in the schema `public`. Alembic migrates them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column

NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
    "ix": "%(table_name)s_%(column_0_name)s_idx",
}


class SharedTable(DeclarativeBase):
    """Base of the shared tables."""

    metadata = MetaData(schema="public", naming_convention=NAMING)
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB,
        str: Text,
    }


class UseCaseRow(SharedTable):
    """A registered use case: the simulator writes them, every other service reads them."""

    __tablename__ = "use_cases"
    __table_args__ = (
        CheckConstraint("task IN ('classification', 'regression')", name="task_is_known"),
        {"comment": "Registered use cases; each has a schema of its name"},
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(comment="classification or regression")
    target: Mapped[str] = mapped_column(comment="what is predicted")
    features: Mapped[list[Any]] = mapped_column(comment="list of {name, type, categories}, in column order")
    registered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retention: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"),
        comment="days that things are kept, by kind; what is not named is kept for good",
    )
    uploaded: Mapped[dict[str, Any] | None] = mapped_column(
        comment="the whole definition, if it was uploaded; null if it is a file of the simulator"
    )
    source_digest: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="SHA-256 of the file that the simulated rows are from, and of its split"
    )


class CsvPartRow(SharedTable):
    """Some bytes of a CSV file that was uploaded for a use case, which may not be registered yet."""

    __tablename__ = "csv_parts"
    __table_args__ = ({"comment": "Uploaded CSV files, in parts of what a request may hold"},)

    use_case: Mapped[str] = mapped_column(primary_key=True, comment="whose rows they are")
    complete: Mapped[bool] = mapped_column(
        primary_key=True, comment="of the file that counts, or of one whose last part is not there yet"
    )
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="1, 2, 3, ...")
    content: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SnapshotRow(SharedTable):
    """The rows that a model may learn from, as they were at a moment."""

    __tablename__ = "snapshots"
    __table_args__ = (
        Index("snapshots_once_idx", "use_case", "digest", unique=True),
        Index("snapshots_newest_idx", "use_case", text("id DESC")),
        {"comment": "Rows that models learn from: the training set, and production rows beside it"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    production_until: Mapped[datetime | None] = mapped_column(
        comment="up to when production rows came in that are part of it; null if none are"
    )
    production_rows: Mapped[bytes | None] = deferred(
        mapped_column(LargeBinary, comment="sample_index of those, ascending int64, zlib")
    )
    rows: Mapped[int] = mapped_column(BigInteger, comment="labelled rows in all")
    digest: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of all rows, in order")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor: Mapped[str] = mapped_column(comment="who asked for it")


class DeploymentRow(SharedTable):
    """A model that was set, and, once it is trained, the artifact that scores and serves."""

    __tablename__ = "deployments"
    __table_args__ = (
        CheckConstraint("artifact_format IN ('onnx', 'joblib')", name="format_is_known"),
        CheckConstraint(
            "(trained_at IS NULL OR discarded_at IS NOT NULL) = (artifact IS NULL)",
            name="trained_has_artifact",
        ),
        Index("deployments_newest_idx", "use_case", text("set_at DESC"), text("id DESC")),
        Index(
            "deployments_chosen_idx",
            "use_case",
            text("chosen_at DESC"),
            text("id DESC"),
            postgresql_where=text("chosen_at IS NOT NULL"),
        ),
        {"comment": "Every model ever set, with its artifact once it is trained"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    model_name: Mapped[str] = mapped_column(comment="name in the model catalogue")
    hyperparameters: Mapped[dict[str, Any]] = mapped_column(
        JSON,  # as text, in which 1e16 stays a float; JSONB would make it an integer
        comment="as they were set; the rest are defaults",
    )
    preprocessing: Mapped[str] = mapped_column(comment="standard_scaler or none")
    run_id: Mapped[str | None] = mapped_column(comment="the MLflow run that the model was chosen from")
    snapshot_id: Mapped[int | None] = mapped_column(
        ForeignKey(SnapshotRow.id), index=True, comment="the rows that it learned from, or is to learn from"
    )
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
    chosen_at: Mapped[datetime | None] = mapped_column(
        comment="when it was set, or made active again; null for a candidate. The newest is spoken to"
    )
    trained_at: Mapped[datetime | None] = mapped_column()
    discarded_at: Mapped[datetime | None] = mapped_column(comment="when the candidate was thrown away")
    artifact: Mapped[bytes | None] = deferred(
        mapped_column(LargeBinary, comment="the fitted model; read only when it is loaded")
    )
    artifact_format: Mapped[str | None] = mapped_column(comment="onnx, or joblib")
    artifact_signature: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="HMAC-SHA256 of a joblib artifact, checked before it is opened"
    )
    metrics: Mapped[dict[str, Any] | None] = mapped_column(comment="last metrics by set name")
    failure: Mapped[str | None] = mapped_column(comment="why training failed")
    training: Mapped[dict[str, Any] | None] = mapped_column(comment="who trains it, while that goes on")
    actor: Mapped[str | None] = mapped_column(comment="who set it")


class ActivationRow(SharedTable):
    """When a deployment played which role. Rows are only added, and ended once."""

    __tablename__ = "activations"
    __table_args__ = (
        CheckConstraint("role IN ('active', 'shadow', 'canary')", name="role_is_known"),
        Index(
            "activations_one_active_idx",
            "use_case",
            unique=True,
            postgresql_where=text("role = 'active' AND until IS NULL"),
        ),
        CheckConstraint(
            "(role = 'canary') = (share IS NOT NULL) AND (share IS NULL OR share > 0 AND share <= 1)",
            name="share_is_a_canarys",
        ),
        Index("activations_lasting_idx", "use_case", postgresql_where=text("until IS NULL")),
        {"comment": "Which deployment was live when: the newest row without an end is live now"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey(DeploymentRow.id, ondelete="CASCADE"), index=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(comment="active, shadow or canary")
    since: Mapped[datetime] = mapped_column("from", server_default=func.now(), comment="start of the role")
    until: Mapped[datetime | None] = mapped_column(comment="end of the role; null while it lasts")
    share: Mapped[float | None] = mapped_column(Double, comment="of the traffic; of a canary only")
    reason: Mapped[str | None] = mapped_column(comment="training, rollback, ...")
    actor: Mapped[str | None] = mapped_column(comment="who asked for it")


class LiveVersionRow(SharedTable):
    """Triggers change it, in the transaction that changes what it is of."""

    __tablename__ = "live_version"
    __table_args__ = (
        {"comment": "One row, which changes with what is live and with the use cases that there are"},
    )

    version: Mapped[UUID] = mapped_column(primary_key=True, comment="another one after every such change")


class MonitoringResultRow(SharedTable):
    """A verdict or report of monitoring."""

    __tablename__ = "monitoring_results"
    __table_args__ = (
        CheckConstraint("metric IN ('report', 'tests', 'summary')", name="metric_is_known"),
        Index("monitoring_results_newest_idx", "use_case", text("created_at DESC")),
        Index("monitoring_results_use_case_idx", "use_case", text("id DESC")),
        {"comment": "Every result that monitoring has given"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    use_case: Mapped[str] = mapped_column(ForeignKey(UseCaseRow.name, ondelete="CASCADE"))
    deployment_id: Mapped[int | None] = mapped_column(
        ForeignKey(DeploymentRow.id, ondelete="SET NULL"), index=True, comment="whose predictions were judged"
    )
    metric: Mapped[str] = mapped_column(comment="report, tests or summary")
    groups: Mapped[list[Any] | None] = mapped_column(comment="groups of checks that were asked for")
    all_passed: Mapped[bool | None] = mapped_column(comment="null for a report")
    result: Mapped[dict[str, Any]] = mapped_column(comment="as it was answered")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditEventRow(SharedTable):
    """Something that somebody did. It outlives what it tells of: nothing refers to other tables."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("audit_events_use_case_idx", "use_case", text("id DESC")),
        {"comment": "Who did what, and in which request; rows are only added"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    service: Mapped[str] = mapped_column(comment="that was asked")
    action: Mapped[str] = mapped_column(comment="set_model, train, activate, ...")
    use_case: Mapped[str | None] = mapped_column(comment="null where it is none's, or not known")
    subject: Mapped[str] = mapped_column(comment="a set's name, or the id of a deployment, experiment or run")
    actor: Mapped[str] = mapped_column(comment="who asked for it; anonymous while credentials are off")
    request_id: Mapped[str] = mapped_column(comment="X-Request-ID, the same on every service and in logs")


class IdempotentAnswerRow(SharedTable):
    """What was answered to a request that came with an Idempotency-Key."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (
        {"comment": "Answers that are given again to a request with the same key, for 24 hours"},
    )

    service: Mapped[str] = mapped_column(primary_key=True, comment="that was asked")
    route: Mapped[str] = mapped_column(primary_key=True, comment="that was asked")
    caller: Mapped[str] = mapped_column(primary_key=True, comment="whose key it is")
    key: Mapped[str] = mapped_column(primary_key=True, comment="Idempotency-Key")
    digest: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of the request's body")
    status: Mapped[int] = mapped_column(comment="of the answer")
    body: Mapped[Any] = mapped_column(JSON, comment="of the answer")
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class SearchFitRow(SharedTable):
    """One fit of a search that is under way."""

    __tablename__ = "search_fits"
    __table_args__ = (
        CheckConstraint("failed_part IN ('fit', 'score')", name="part_is_known"),
        {"comment": "Fits of searches that are under way, so that none is made twice"},
    )

    search: Mapped[str] = mapped_column(primary_key=True, comment="its id")
    model_name: Mapped[str] = mapped_column(primary_key=True, comment="name in the model catalogue")
    candidate: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="of the model, from 0"
    )
    fold: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, comment="from 0")
    score: Mapped[float | None] = mapped_column(Double, comment="null if it failed")
    seconds: Mapped[float] = mapped_column(Double, comment="of fitting and scoring")
    cpu_seconds: Mapped[float] = mapped_column(Double, comment="of the same")
    failed_part: Mapped[str | None] = mapped_column(comment="fit or score; null if it did not fail")
    reason: Mapped[str | None] = mapped_column(comment="of the failure")
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
