"""ml_model's deployments: what there was, candidates, the rows that they learn from, and roles."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from client import answers
from client.connection import PAGE_SIZE, Connection

Preprocessing = Literal["standard_scaler", "none"]
Role = Literal["active", "shadow", "canary"]


class Setting(TypedDict, total=False):
    """What may be said of a model beside its hyperparameters. run_id: the MLflow run it was chosen from."""

    preprocessing: Preprocessing | None
    run_id: str | None
    use_case: str | None
    idempotency_key: str | None


class CandidateSetting(Setting, total=False):
    """The same of a candidate. snapshot_id: the rows it learns from, instead of the training set."""

    snapshot_id: int | None


class RoleSetting(TypedDict, total=False):
    """What goes with a role. share: of a canary. keep: what the one that was active becomes.

    expected_active: that one; if it is another by now, nothing is changed.
    """

    share: float | None
    reason: str | None
    keep: Literal["shadow"] | None
    expected_active: int | None
    idempotency_key: str | None


class Deployments:
    """The part of `fleet.ml_model` that is about models and not about rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def deployments(
        self, *, at: datetime | None = None, use_case: str | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[answers.DeploymentRecord]:
        """Every deployment, that which was set last first. at: only what was live then; with a time zone."""
        query = {"use_case": use_case, "at": at and at.isoformat()}
        for page in self._connection.pages(answers.Deployments, "/deployments", page_size, **query):
            yield from page.deployments

    def deployment(self, deployment_id: int) -> answers.DeploymentRecord:
        """One of them."""
        return self._connection.get(answers.DeploymentRecord, f"/deployments/{deployment_id}")

    def train_candidate(
        self,
        model_name: str,
        hyperparameters: Mapping[str, Any] | None = None,
        **setting: Unpack[CandidateSetting],
    ) -> answers.DeploymentRecord:
        """Trains a model that is not served. Raises InvalidError as `set_model` does."""
        model: dict[str, Any] = {"model_name": model_name, "hyperparameters": hyperparameters}
        return self._connection.post(answers.DeploymentRecord, "/deployments", **model, **setting)

    def discard(self, deployment_id: int) -> answers.DeploymentRecord:
        """Throws a candidate away that was never live. Raises ConflictError if it is none."""
        return self._connection.delete(answers.DeploymentRecord, f"/deployments/{deployment_id}")

    def evaluate(
        self, deployment_ids: Sequence[int], rows: Mapping[str, Any], *, use_case: str | None = None
    ) -> answers.Evaluation:
        """Holds deployments against the first of them, on the same labelled rows; nothing is stored.

        rows: {"sample_index": […]}, {"first_id": a, "last_id": b} of production, or {"set": "testing"}.
        Raises ConflictError if none of them has a target.
        """
        body: dict[str, Any] = {"deployment_ids": list(deployment_ids), "rows": dict(rows)}
        return self._connection.post(answers.Evaluation, "/evaluate", use_case=use_case, **body)

    def take_snapshot(
        self, *, production_until: datetime | Literal["now"] | None = None, use_case: str | None = None
    ) -> answers.Snapshot:
        """Fixes the rows to learn from: training's, and production's labelled ones up to then."""
        until = production_until.isoformat() if isinstance(production_until, datetime) else production_until
        return self._connection.post(
            answers.Snapshot, "/snapshots", production_until=until, use_case=use_case
        )

    def snapshots(
        self, *, use_case: str | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[answers.Snapshot]:
        """Every snapshot, the newest first."""
        for page in self._connection.pages(answers.Snapshots, "/snapshots", page_size, use_case=use_case):
            yield from page.snapshots

    def snapshot(self, snapshot_id: int, *, use_case: str | None = None) -> answers.Snapshot:
        """One of them."""
        return self._connection.get(answers.Snapshot, f"/snapshots/{snapshot_id}", use_case=use_case)

    def rollback(
        self,
        deployment_id: int | None = None,
        *,
        expected_active: int | None = None,
        reason: str | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> answers.Activated:
        """Serves with the model that was active before, or with the one that is named.

        Raises ConflictError if another one than expected_active is active by now.
        """
        body: dict[str, Any] = {"deployment_id": deployment_id, "expected_active": expected_active}
        body |= {"reason": reason, "use_case": use_case}
        return self._connection.post(answers.Activated, "/rollback", idempotency_key=idempotency_key, **body)

    def give_role(self, deployment_id: int, role: Role, **how: Unpack[RoleSetting]) -> answers.Role:
        """Makes a deployment the active one, a shadow of it, or a canary that gets a share of the traffic."""
        return self._connection.post(answers.Role, f"/deployments/{deployment_id}/role", role=role, **how)

    def end_role(self, deployment_id: int) -> answers.Role:
        """Uses a shadow or a canary no longer."""
        return self._connection.delete(answers.Role, f"/deployments/{deployment_id}/role")
