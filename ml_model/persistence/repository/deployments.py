"""Deployments and activations in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, undefer

from db.live import IS_LIVE
from db.records import as_record
from db.shared import ActivationRow, DeploymentRow, UseCaseRow
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import (
    Artifact,
    Deployment,
    LiveModel,
    ModelChoice,
)


class DeploymentRemovedError(ConflictError):
    """A deployment went while it was worked on."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} was removed meanwhile, with its use case",
            "Nothing was stored. Add the use case again, then set a model with POST /root/ml/set_model",
        )


class DiscardedError(ConflictError):
    """The candidate was thrown away."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} was discarded", "Train such a model anew: POST /root/ml/deployments"
        )


class ArtifactMissingError(ConflictError):
    """A deployment has no artifact, or is gone."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} has no trained model",
            'Call POST /root/ml with {"dataset": "training"} first',
        )


class DeploymentRepository:
    """Every model ever set, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        use_case: str,
        choice: ModelChoice,
        *,
        actor: str,
        set_at: datetime | None = None,
        chosen: bool = True,
    ) -> Deployment:
        """Write down that the actor has set a model, now unless said otherwise. chosen: no mere candidate."""
        moment = set_at or self.now()
        row = DeploymentRow(
            use_case=use_case,
            model_name=choice.model_name,
            hyperparameters=dict(choice.hyperparameters),
            preprocessing=choice.preprocessing,
            run_id=choice.run_id,
            snapshot_id=choice.snapshot_id,
            set_at=moment,
            chosen_at=moment if chosen else None,
            actor=actor,
        )
        self._session.add(row)
        self._session.flush()
        return as_record(Deployment, row)

    def now(self) -> datetime:
        """PostgreSQL's time, by which deployments are ordered: services' clocks may differ."""
        moment: datetime = self._session.scalars(select(func.clock_timestamp())).one()
        return moment

    def chosen(self, use_case: str) -> Deployment | None:
        """The deployment that was set, or made active again, last."""
        query = (
            select(DeploymentRow)
            .where(DeploymentRow.use_case == use_case, DeploymentRow.chosen_at.is_not(None))
            .order_by(DeploymentRow.chosen_at.desc(), DeploymentRow.id.desc())
            .limit(1)
        )
        row = self._session.scalar(query)
        return as_record(Deployment, row) if row is not None else None

    def choose(self, deployment_id: int) -> None:
        """Have the use case's sets scored, and its model trained again, by this deployment from now on."""
        query = update(DeploymentRow).where(DeploymentRow.id == deployment_id)
        self._session.execute(query.values(chosen_at=self.now()))

    def discard(self, deployment_id: int) -> None:
        """Keep no more of a candidate than that it was there."""
        query = update(DeploymentRow).where(DeploymentRow.id == deployment_id)
        forgotten = {"artifact": None, "artifact_format": None, "artifact_signature": None, "training": None}
        self._session.execute(query.values(discarded_at=self.now(), **forgotten))

    def active(self, use_case: str) -> Deployment | None:
        """The deployment that is live."""
        query = (
            select(DeploymentRow, ActivationRow.since)
            .join(ActivationRow, ActivationRow.deployment_id == DeploymentRow.id)
            .where(ActivationRow.use_case == use_case, IS_LIVE)
        )
        found = self._session.execute(query).one_or_none()
        return as_record(Deployment, found[0], active_since=found[1]) if found is not None else None

    def live(self) -> list[LiveModel]:
        """What is live in every registered use case."""
        query = (
            select(UseCaseRow.name, DeploymentRow, ActivationRow.since)
            .outerjoin(ActivationRow, (ActivationRow.use_case == UseCaseRow.name) & IS_LIVE)
            .outerjoin(DeploymentRow, DeploymentRow.id == ActivationRow.deployment_id)
            .order_by(UseCaseRow.name)
        )
        return [_live(*found) for found in self._session.execute(query)]

    def artifact(self, deployment_id: int) -> Artifact:
        """The artifact of a trained deployment."""
        row = self._session.get(DeploymentRow, deployment_id, options=[undefer(DeploymentRow.artifact)])
        if row is None or row.artifact is None or row.artifact_format is None:
            raise ArtifactMissingError(deployment_id)
        return Artifact(cast(Any, row.artifact_format), bytes(row.artifact), row.artifact_signature)

    def hold(self, deployment_id: int) -> None:
        """Make others who hold this deployment wait until the transaction ends."""
        self._session.execute(
            select(DeploymentRow.id).where(DeploymentRow.id == deployment_id).with_for_update(key_share=True)
        )

    def hold_use_case(self, use_case: str) -> None:
        """Make others who change what is live wait until the transaction ends."""
        self._session.execute(
            select(UseCaseRow.name).where(UseCaseRow.name == use_case).with_for_update(key_share=True)
        )

    def store_training(
        self, deployment: Deployment, artifact: Artifact, *, snapshot_id: int, started: datetime, actor: str
    ) -> Deployment:
        """Store the fitted model: in the deployment, or in a new one like it if it is trained already.

        snapshot_id: the rows that it was fitted on. started: when the actor asked for the training; a model
        that was set since then stays chosen. Raises DeploymentRemovedError, DiscardedError.
        """
        moment = self.now()
        row = self._there(deployment.id)
        if row.discarded_at is not None:
            raise DiscardedError(deployment.id)
        row.failure = row.training = None
        if row.trained_at is not None:
            added = self.add(deployment.use_case, deployment, actor=actor, set_at=started)
            row = self._session.get_one(DeploymentRow, added.id)
        row.snapshot_id = snapshot_id
        row.artifact = artifact.data
        row.artifact_format = artifact.format
        row.artifact_signature = artifact.signature
        row.trained_at = moment
        self._session.flush()
        return as_record(Deployment, row)

    def begin_training(self, deployment_id: int, note: Mapping[str, Any]) -> None:
        """Write down that it is being trained, until it is stored or has failed. note: by whom."""
        row = self._there(deployment_id)
        row.failure, row.training = None, dict(note)
        self._session.flush()

    def _there(self, deployment_id: int) -> DeploymentRow:
        row = self._session.get(DeploymentRow, deployment_id, populate_existing=True)
        if row is None:
            raise DeploymentRemovedError(deployment_id)
        return row

    def in_training(self) -> list[tuple[int, str, Mapping[str, Any]]]:
        """Id, use case and note of those that are being trained, if whoever does so still lives."""
        query = (
            select(DeploymentRow.id, DeploymentRow.use_case, DeploymentRow.training)
            .where(func.jsonb_typeof(DeploymentRow.training) == "object")  # null was stored as JSON's once
            .with_for_update(key_share=True, skip_locked=True)
        )
        return [(id_, use_case, note or {}) for id_, use_case, note in self._session.execute(query)]

    def store_failure(self, deployment_id: int, failure: str) -> None:
        """Write down why a deployment could not be trained; one that was trained before stays as it is."""
        untrained = case((DeploymentRow.trained_at.is_(None), failure), else_=None)
        self._session.execute(
            update(DeploymentRow)
            .where(DeploymentRow.id == deployment_id)
            .values(failure=untrained, training=None)
        )

    def has_scored(self, deployment_id: int, set_name: str) -> bool:
        """Whether a deployment has scored a set, which may have been replaced since."""
        metrics = self._session.scalar(select(DeploymentRow.metrics).where(DeploymentRow.id == deployment_id))
        return set_name in (metrics or {})

    def store_metrics(self, deployment_id: int, set_name: str, metrics: dict[str, float]) -> None:
        """Keep the last metrics of a deployment on a set."""
        row = self._there(deployment_id)
        row.metrics = {**(row.metrics or {}), set_name: metrics}

    def activate(self, deployment: Deployment, reason: str, *, actor: str) -> None:
        """Make a deployment the live one; the one before it ends at the same moment."""
        moment = self.now()  # not now(), the transaction's start: an activation before it may be younger
        self._session.execute(
            update(ActivationRow)
            .where(ActivationRow.use_case == deployment.use_case, IS_LIVE)
            .values(until=moment)
        )
        activation = ActivationRow(
            deployment_id=deployment.id,
            use_case=deployment.use_case,
            role="active",
            since=moment,
            reason=reason,
            actor=actor,
        )
        self._session.add(activation)
        self._session.flush()


def _live(use_case: str, row: DeploymentRow | None, since: datetime | None) -> LiveModel:
    if row is None:
        return LiveModel(use_case, None, {})
    return LiveModel(use_case, as_record(Deployment, row, active_since=since), row.metrics or {})
