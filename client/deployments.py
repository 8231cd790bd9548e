"""ml_model's deployments: what there was, candidates, the rows that they learn from, and roles."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from client.answer import Answer, Moment
from client.connection import PAGE_SIZE, Connection

Preprocessing = Literal["standard_scaler", "none"]
Role = Literal["active", "shadow", "canary"]


class Deployment(Answer):
    """A model that was set, or a candidate, which has no chosen_at. snapshot_id: what it learned from.

    trained_at, active_since: None until then.
    """

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Preprocessing
    run_id: str | None
    snapshot_id: int | None
    set_at: Moment
    chosen_at: Moment | None
    trained_at: Moment | None
    active_since: Moment | None


class Activation(Answer):
    """A deployment's time in a role. until: None while it lasts; share: of the traffic, of a canary only."""

    role: Role
    share: float | None
    since: Moment = Field(validation_alias="from")
    until: Moment | None
    reason: str | None
    actor: str | None


class DeploymentRecord(Deployment):
    """A model that was set, with what it was used for. metrics: the last ones, by set name."""

    use_case: str
    actor: str | None
    failure: str | None
    discarded_at: Moment | None
    metrics: dict[str, dict[str, float]]
    activations: list[Activation]


class DeploymentsPage(Answer):
    """Some of the deployments."""

    deployments: list[DeploymentRecord]
    next_page_token: str | None


class Snapshot(Answer):
    """Rows that a model may learn from. rows: labelled ones in all; digest: SHA-256 of them.

    production_until: up to when production's came in; None if it has the training set's alone.
    """

    id: int
    use_case: str
    production_until: Moment | None
    rows: int
    digest: str
    created_at: Moment
    actor: str


class SnapshotsPage(Answer):
    """Some of the snapshots."""

    snapshots: list[Snapshot]
    next_page_token: str | None


class Activated(Answer):
    """What serves from now on, and what did before."""

    message: str
    deployment_id: int
    model_name: str
    previous_deployment_id: int | None


class RoleGiven(Answer):
    """What the deployment is used for from now on; None: for nothing."""

    message: str
    deployment_id: int
    role: Role | None
    share: float | None


class Deployments:
    """The part of `fleet.ml_model` that is about models and not about rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def deployments(
        self, *, at: datetime | None = None, use_case: str | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[DeploymentRecord]:
        """Every deployment, that which was set last first. at: only what was live then; with a time zone."""
        moment = at.isoformat() if at is not None else None
        query = {"use_case": use_case, "at": moment, "limit": page_size}
        for page in self._connection.pages(DeploymentsPage, "/deployments", query=query):
            yield from page.deployments

    def deployment(self, deployment_id: int) -> DeploymentRecord:
        """One of them."""
        return self._connection.ask(DeploymentRecord, "GET", f"/deployments/{deployment_id}")

    def train_candidate(  # noqa: PLR0913  # the fields of the request
        self,
        model_name: str,
        hyperparameters: Mapping[str, Any] | None = None,
        *,
        preprocessing: Preprocessing | None = None,
        run_id: str | None = None,
        snapshot_id: int | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> DeploymentRecord:
        """Trains a model that is not served. snapshot_id: what it learns from; else the training set."""
        body = {
            "model_name": model_name,
            "hyperparameters": hyperparameters,
            "preprocessing": preprocessing,
            "run_id": run_id,
            "snapshot_id": snapshot_id,
            "use_case": use_case,
        }
        return self._connection.ask(
            DeploymentRecord, "POST", "/deployments", body=body, idempotency_key=idempotency_key
        )

    def discard(self, deployment_id: int) -> DeploymentRecord:
        """Throws a candidate away that was never live. Raises ConflictError if it is none."""
        return self._connection.ask(DeploymentRecord, "DELETE", f"/deployments/{deployment_id}")

    def take_snapshot(
        self, *, production_until: datetime | Literal["now"] | None = None, use_case: str | None = None
    ) -> Snapshot:
        """Fixes the rows to learn from: training's, and production's labelled ones up to then."""
        until = production_until.isoformat() if isinstance(production_until, datetime) else production_until
        body = {"production_until": until, "use_case": use_case}
        return self._connection.ask(Snapshot, "POST", "/snapshots", body=body)

    def snapshots(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[Snapshot]:
        """Every snapshot, the newest first."""
        query = {"use_case": use_case, "limit": page_size}
        for page in self._connection.pages(SnapshotsPage, "/snapshots", query=query):
            yield from page.snapshots

    def snapshot(self, snapshot_id: int, *, use_case: str | None = None) -> Snapshot:
        """One of them."""
        return self._connection.ask(
            Snapshot, "GET", f"/snapshots/{snapshot_id}", query={"use_case": use_case}
        )

    def rollback(
        self,
        deployment_id: int | None = None,
        *,
        reason: str | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Activated:
        """Serves with the model that was active before, or with the one that is named."""
        body = {"deployment_id": deployment_id, "reason": reason, "use_case": use_case}
        return self._connection.ask(
            Activated, "POST", "/rollback", body=body, idempotency_key=idempotency_key
        )

    def give_role(
        self, deployment_id: int, role: Role, *, share: float | None = None, reason: str | None = None
    ) -> RoleGiven:
        """Makes a deployment the active one, a shadow of it, or a canary that gets a share of the traffic."""
        body = {"role": role, "share": share, "reason": reason}
        return self._connection.ask(RoleGiven, "POST", f"/deployments/{deployment_id}/role", body=body)

    def end_role(self, deployment_id: int) -> RoleGiven:
        """Uses a shadow or a canary no longer."""
        return self._connection.ask(RoleGiven, "DELETE", f"/deployments/{deployment_id}/role")
