"""A model that was set, and the artifact of a trained one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fleet.catalogue import Preprocessing

IN_TRAINING = "in training: "  # begins what stands in place of a failure while a training goes on


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """What is asked to be deployed. run_id: the MLflow run that it was chosen from, if any."""

    model_name: str
    hyperparameters: Mapping[str, Any]
    preprocessing: Preprocessing
    run_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment(ModelChoice):
    """A model that was set; it is trained once trained_at is known. active_since: of the live one."""

    id: int
    use_case: str
    set_at: datetime
    trained_at: datetime | None
    active_since: datetime | None = None


Role = Literal["active", "shadow", "canary"]


@dataclass(frozen=True, kw_only=True)
class Activation:
    """A deployment's time in a role. until: None while it lasts; share: of the traffic, of a canary only."""

    role: Role
    share: float | None
    since: datetime
    until: datetime | None
    reason: str | None
    actor: str | None


@dataclass(frozen=True, kw_only=True)
class DeploymentRecord(Deployment):
    """All that is remembered of a deployment. metrics: the last by set name; activations: oldest first."""

    actor: str | None
    failure: str | None
    metrics: Mapping[str, Mapping[str, float]]
    activations: Sequence[Activation]


@dataclass(frozen=True, kw_only=True)
class LiveRole:
    """A role that lasts: what a use case is served by."""

    activation_id: int
    use_case: str
    role: Role
    share: float | None
    deployment_id: int
    model_name: str


@dataclass(frozen=True)
class Artifact:
    """A fitted model as it is stored. signature: HMAC-SHA256 of a joblib artifact; ONNX needs none."""

    format: Literal["onnx", "joblib"]
    data: bytes
    signature: bytes | None = None


@dataclass(frozen=True)
class LiveModel:
    """What is live in a use case; deployment is None while nothing is. scores: last metrics by set name."""

    use_case: str
    deployment: Deployment | None
    scores: Mapping[str, Mapping[str, float]]
