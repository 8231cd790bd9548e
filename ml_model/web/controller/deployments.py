"""`/root/ml/deployments`, their roles, and `/root/ml/rollback`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import NoArguments, accepts
from ml_model.service.candidates import Candidates
from ml_model.service.history import History
from ml_model.service.roles import Roles
from ml_model.web.deployment_schema import (
    ActivatedAnswer,
    ActiveRequest,
    CanaryRequest,
    CandidateRequest,
    DeploymentRecordAnswer,
    DeploymentsAnswer,
    DeploymentsQuery,
    RoleAnswer,
    RoleRequest,
    RollbackRequest,
    ShadowRequest,
)


class Deployments(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Every model that was ever set, or trained as a candidate."""

    def __init__(self, history: History, candidates: Candidates) -> None:
        self._history = history
        self._candidates = candidates

    @answers(DeploymentsAnswer, errors=[404, 503])
    @accepts(role="user", query=DeploymentsQuery)
    def get(self, query: DeploymentsQuery) -> dict[str, Any]:
        """List the deployments, that which was set last first; with `at`, what was live then."""
        if query.at is not None:
            items, token = self._history.at(query.use_case, query.at), None
        else:
            page = self._history.page(query.use_case, query.page)
            items, token = page.items, page.next_token
        told = [DeploymentRecordAnswer.model_validate(each) for each in items]
        return DeploymentsAnswer(deployments=told, next_page_token=token).model_dump(
            mode="json", by_alias=True
        )

    @answers(DeploymentRecordAnswer, status=201, errors=[404, 409, 429, 503])
    @accepts(role="admin", body=CandidateRequest)
    @idempotent
    @heavy
    def post(self, body: CandidateRequest) -> tuple[dict[str, Any], int]:
        """Train a candidate: a model that is stored, scored on training and not served."""
        trained = self._candidates.train(
            body.use_case,
            body.model_name,
            body.hyperparameters or {},
            preprocessing=body.preprocessing,
            run_id=body.run_id,
            snapshot_id=body.snapshot_id,
            caller=caller(),
        )
        return _record(trained), 201


class OneDeployment(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """One of them."""

    def __init__(self, history: History, candidates: Candidates) -> None:
        self._history = history
        self._candidates = candidates

    @answers(DeploymentRecordAnswer, errors=[404, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, deployment_id: int, query: NoArguments) -> dict[str, Any]:
        """Describe a deployment."""
        return _record(self._history.find(deployment_id))

    @answers(DeploymentRecordAnswer, errors=[404, 409, 503])
    @accepts(role="admin", query=NoArguments)
    def delete(self, deployment_id: int, query: NoArguments) -> dict[str, Any]:
        """Throw away a candidate that was never live: its model and predictions go, its record stays."""
        return _record(self._candidates.discard(deployment_id, caller=caller()))


class Rollback(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Back to an earlier model."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    @answers(ActivatedAnswer, errors=[404, 409, 503])
    @accepts(role="admin", body=RollbackRequest)
    @idempotent
    def post(self, body: RollbackRequest) -> dict[str, Any]:
        """Serve with the model that was active before, or with the one that is named; nothing is trained.

        With `expected_active` nothing is changed if another one is active by now.
        """
        change = self._roles.roll_back(
            body.use_case, body.deployment_id, body.reason, expected=body.expected_active, caller=caller()
        )
        return {
            "message": f"Rolled back to deployment {change.deployment.id}",
            "deployment_id": change.deployment.id,
            "model_name": change.deployment.model_name,
            "previous_deployment_id": change.before,
        }


class DeploymentRole(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What a deployment is used for."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    @answers(RoleAnswer, errors=[404, 409, 503])
    @accepts(role="admin", body=RoleRequest)
    @idempotent
    def post(self, deployment_id: int, body: CanaryRequest | ShadowRequest | ActiveRequest) -> dict[str, Any]:
        """Make a deployment the active one, a shadow of it, or a canary beside it.

        With `keep` the one that was active becomes a shadow at the same moment. With `expected_active`
        nothing is changed if another one is active by now.
        """
        if isinstance(body, ActiveRequest):
            expected = body.expected_active
            self._roles.promote(
                deployment_id, body.reason, keep=body.keep, expected=expected, caller=caller()
            )
        else:
            self._roles.give(deployment_id, body.role, body.share, body.reason, caller=caller())
        message = f"Deployment {deployment_id} is {body.role}"
        return {"message": message, "deployment_id": deployment_id, "role": body.role, "share": body.share}

    @answers(RoleAnswer, errors=[404, 409, 503])
    @accepts(role="admin", query=NoArguments)
    def delete(self, deployment_id: int, query: NoArguments) -> dict[str, Any]:
        """Use a shadow or a canary no longer."""
        self._roles.end(deployment_id, caller=caller())
        message = f"Deployment {deployment_id} has no role any more"
        return {"message": message, "deployment_id": deployment_id, "role": None, "share": None}


def _record(deployment: object) -> dict[str, Any]:
    return DeploymentRecordAnswer.model_validate(deployment).model_dump(mode="json", by_alias=True)
