"""Requests and answers about deployments and their roles."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import IdNumber, RequestForms, RequestModel, UseCaseName, absent
from ml_model.web.schema import DEPLOYMENT_EXAMPLE, DeploymentAnswer, SetModelRequest

RECORD_EXAMPLE: JsonDict = {
    **DEPLOYMENT_EXAMPLE,
    "use_case": "wine",
    "actor": "alice",
    "failure": None,
    "discarded_at": None,
    "metrics": {"testing": {"accuracy": 0.9722222222222222}},
    "activations": [
        {
            "role": "active",
            "share": None,
            "from": "2026-01-31T12:00:05Z",
            "until": None,
            "reason": "training",
            "actor": "alice",
        }
    ],
}
ROLLBACK_EXAMPLE: JsonDict = {
    "message": "Rolled back to deployment 1",
    "deployment_id": 1,
    "model_name": "SVC",
    "previous_deployment_id": 2,
}
ROLE_EXAMPLE: JsonDict = {
    "message": "Deployment 2 is canary",
    "deployment_id": 2,
    "role": "canary",
    "share": 0.1,
}


Reason = Annotated[str, Field(min_length=1, max_length=500)]


def _moment(value: object) -> object:
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("write it as ISO 8601, such as 2026-01-31T12:00:05Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is before or after all time") from error


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)]


class DeploymentsQuery(PageQuery):
    """`GET /root/ml/deployments`. at: only what was live then."""

    use_case: UseCaseName = "wine"
    at: Moment | None = None


class CandidateRequest(SetModelRequest):
    """`POST /root/ml/deployments`. snapshot_id: what it learns from; if absent, the training set as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model_name": "SVC", "hyperparameters": {"C": 10}, "snapshot_id": 1}]
        }
    )

    snapshot_id: IdNumber | None = None


class RollbackRequest(RequestModel):
    """`POST /root/ml/rollback`. deployment_id: the one that was active before, unless given.

    expected_active: if another one is active by now, nothing is changed.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "it drifts"}]})

    deployment_id: IdNumber | None = None
    expected_active: IdNumber | None = None
    reason: Reason | None = None
    use_case: UseCaseName = "wine"


NoShare = Annotated[None, absent("goes with the role canary, and with no other")]
NothingKept = Annotated[None, absent("goes with the role active, as it is of the one that was")]
NothingExpected = Annotated[None, absent("goes with the role active, which changes what is live")]


class CanaryRequest(RequestModel):
    """Give a deployment a share of the traffic."""

    role: Literal["canary"]
    share: float = Field(gt=0, le=1)
    reason: Reason | None = None
    keep: NothingKept = None
    expected_active: NothingExpected = None


class ShadowRequest(RequestModel):
    """Make a deployment a shadow of the active one."""

    role: Literal["shadow"]
    share: NoShare = None
    reason: Reason | None = None
    keep: NothingKept = None
    expected_active: NothingExpected = None


class ActiveRequest(RequestModel):
    """Make a deployment the active one. keep: what the one that was is from then on; nothing, if absent.

    expected_active: if another one is active by now, nothing is changed.
    """

    role: Literal["active"]
    share: NoShare = None
    reason: Reason | None = None
    keep: Literal["shadow"] | None = None
    expected_active: IdNumber | None = None


class RoleRequest(
    RequestForms[Annotated[CanaryRequest | ShadowRequest | ActiveRequest, Field(discriminator="role")]]
):
    """`POST /root/ml/deployments/<id>/role`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"role": "canary", "share": 0.1}, {"role": "active", "keep": "shadow"}]
        }
    )


class ActivationAnswer(AnswerModel):
    """A deployment's time in a role; `until` is null while it lasts, `share` of a canary only."""

    role: Literal["active", "shadow", "canary"]
    share: float | None
    since: Annotated[datetime, Field(serialization_alias="from")]
    until: datetime | None
    reason: str | None
    actor: str | None


class DeploymentRecordAnswer(DeploymentAnswer):
    """A model that was set, with what it was used for."""

    model_config = ConfigDict(json_schema_extra={"examples": [RECORD_EXAMPLE]})

    use_case: str
    actor: str | None
    failure: str | None
    discarded_at: datetime | None
    metrics: dict[str, dict[str, float]]
    activations: list[ActivationAnswer]


class DeploymentsAnswer(PageAnswer):
    """Deployments, that which was set last first."""

    deployments: list[DeploymentRecordAnswer]


class ActivatedAnswer(AnswerModel):
    """What serves from now on, and what did before."""

    model_config = ConfigDict(json_schema_extra={"examples": [ROLLBACK_EXAMPLE]})

    message: str
    deployment_id: int
    model_name: str
    previous_deployment_id: int | None


class RoleAnswer(AnswerModel):
    """What the deployment is used for from now on; null: for nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [ROLE_EXAMPLE]})

    message: str
    deployment_id: int
    role: Literal["active", "shadow", "canary"] | None
    share: float | None
