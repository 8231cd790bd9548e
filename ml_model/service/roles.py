"""Changes what a use case is served by, without training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from db.use_cases import UnknownDeploymentError
from fleet.caller import Caller
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import DeploymentRecord
from ml_model.persistence.repository.deployments import DiscardedError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork

SideRole = Literal["shadow", "canary"]


class NothingToRollBackToError(ConflictError):
    """No other deployment was ever active."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"No deployment of '{use_case}' was active before the one that is",
            "Name a trained one: GET /root/ml/deployments lists them",
        )


class NeverTrainedError(ConflictError):
    """The deployment has no model that could answer."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} was never trained",
            "Choose one of those whose trained_at is not null",
        )


class AlreadyActiveError(ConflictError):
    """The deployment is the active one, which plays no other role and need not be made it."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} is the active one",
            "Name another deployment, or make another one active",
        )


class ActiveChangedError(ConflictError):
    """Another deployment is live than the one that was expected: somebody has changed that meanwhile."""

    def __init__(self, active: int | None, expected: int) -> None:
        who = "No deployment is active" if active is None else f"Deployment {active} is the active one"
        super().__init__(
            f"{who}, and deployment {expected} was expected to be",
            "Nothing was changed. GET /root/ml says what is live: decide anew, or leave out expected_active",
        )


class NoRoleError(ConflictError):
    """The deployment is neither a shadow nor a canary."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} is neither a shadow nor a canary",
            "The active one is replaced, not ended: POST /root/ml/rollback, or make another one active",
        )


class TooLargeSharesError(ConflictError):
    """The canaries together would get more than all of the traffic."""

    def __init__(self, free: float) -> None:
        super().__init__(
            f"The other canaries leave a share of {free:g}", "Ask for a smaller share, or end another canary"
        )


@dataclass(frozen=True)
class Change:
    """What is active now, and what was before; before: None if nothing was."""

    deployment: DeploymentRecord
    before: int | None


class Roles:
    """The roles of deployments. units: opens a transaction. changed: called once a change is committed."""

    def __init__(
        self, units: Callable[[], MlModelUnitOfWork], *, changed: Callable[[], object] = lambda: None
    ) -> None:
        self._units = units
        self._changed = changed

    def roll_back(
        self,
        name: str,
        deployment_id: int | None,
        reason: str | None,
        *,
        expected: int | None = None,
        caller: Caller,
    ) -> Change:
        """Make the deployment the active one that was it before, or the one that is named.

        expected: what must be active until then.
        """
        with self._units() as work:
            use_case = work.samples.find(name).name
            chosen = deployment_id or work.history.previous(use_case)
            _hold(work, use_case, chosen)
            chosen = deployment_id or work.history.previous(use_case)  # somebody may have been faster
            if chosen is None:
                raise NothingToRollBackToError(use_case)
            deployment = find_trained(work, chosen, use_case)
            change = _activate(work, deployment, reason or "rollback", expected, caller)
            work.audit.add("rollback", chosen, caller, use_case=use_case)
            work.commit()
        self._changed()
        return change

    def promote(
        self,
        deployment_id: int,
        reason: str | None,
        *,
        keep: Literal["shadow"] | None = None,
        expected: int | None = None,
        caller: Caller,
    ) -> Change:
        """Make a deployment the active one.

        keep: as what the one that was is used from then on. expected: which one that must be.
        """
        with self._units() as work:
            _hold(work, work.history.find(deployment_id).use_case, deployment_id)
            deployment = find_trained(work, deployment_id)
            change = _activate(work, deployment, reason or "promotion", expected, caller)
            work.audit.add("activate", deployment_id, caller, use_case=deployment.use_case)
            if keep is not None and change.before is not None:
                former = work.history.find(change.before)
                work.roles.give(former, keep, share=None, reason=reason, actor=caller.name)
                work.audit.add("set_role", former.id, caller, use_case=former.use_case)
            work.commit()
        self._changed()
        return change

    def give(
        self, deployment_id: int, role: SideRole, share: float | None, reason: str | None, *, caller: Caller
    ) -> DeploymentRecord:
        """Use a deployment beside the active one. share: of the traffic, of a canary."""
        with self._units() as work:
            work.deployments.hold_use_case(work.history.find(deployment_id).use_case)
            deployment = find_trained(work, deployment_id)
            _check_beside(work, deployment, share)
            work.roles.give(deployment, role, share=share, reason=reason, actor=caller.name)
            work.audit.add("set_role", deployment_id, caller, use_case=deployment.use_case)
            work.commit()
        self._changed()
        return deployment

    def end(self, deployment_id: int, *, caller: Caller) -> DeploymentRecord:
        """Use a shadow or a canary no longer. Raises NoRoleError."""
        with self._units() as work:
            deployment = work.history.find(deployment_id)
            work.deployments.hold_use_case(deployment.use_case)
            if not work.roles.end(deployment_id):
                raise NoRoleError(deployment_id)
            work.audit.add("end_role", deployment_id, caller, use_case=deployment.use_case)
            work.commit()
        self._changed()
        return deployment


def find_trained(
    work: MlModelUnitOfWork, deployment_id: int, use_case: str | None = None
) -> DeploymentRecord:
    """A deployment that can predict. use_case: whose it must be.

    Raises UnknownDeploymentError, NeverTrainedError, DiscardedError.
    """
    deployment = work.history.find(deployment_id)
    if use_case is not None and deployment.use_case != use_case:
        raise UnknownDeploymentError(deployment_id, use_case)
    if deployment.trained_at is None:
        raise NeverTrainedError(deployment_id)
    if deployment.discarded_at is not None:
        raise DiscardedError(deployment_id)
    return deployment


def _hold(work: MlModelUnitOfWork, use_case: str, deployment_id: int | None) -> None:
    """The deployment, which becomes the chosen one, then the use case: trainings do so in this order.

    Raises UnknownDeploymentError.
    """
    if deployment_id is not None:
        work.deployments.hold(work.history.find(deployment_id).id)
    work.deployments.hold_use_case(use_case)


def _activate(
    work: MlModelUnitOfWork, deployment: DeploymentRecord, reason: str, expected: int | None, caller: Caller
) -> Change:
    """The use case is held, so that nobody changes what is compared with what was expected."""
    before = work.deployments.active(deployment.use_case)
    active = None if before is None else before.id
    if active == deployment.id:
        raise AlreadyActiveError(deployment.id)
    if expected not in (None, active):
        raise ActiveChangedError(active, expected)
    work.roles.end(deployment.id)
    work.deployments.activate(deployment, reason, actor=caller.name)
    work.deployments.choose(deployment.id)
    return Change(deployment, active)


def _check_beside(work: MlModelUnitOfWork, deployment: DeploymentRecord, share: float | None) -> None:
    lasting = work.roles.lasting(deployment.use_case)
    if ("active", deployment.id) in [(each.role, each.deployment_id) for each in lasting]:
        raise AlreadyActiveError(deployment.id)
    taken = sum(each.share or 0.0 for each in lasting if each.deployment_id != deployment.id)
    if share is not None and taken + share > 1 + 1e-9:
        raise TooLargeSharesError(round(1 - taken, 9))
