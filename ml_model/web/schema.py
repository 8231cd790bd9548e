"""What ml_model is sent, and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fleet.catalogue import CATALOGUE, Preprocessing
from fleet.web.answers import AnswerModel
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import Id, IdNumber, RequestForms, RequestModel, UseCaseName, absent

DEPLOYMENT_EXAMPLE: JsonDict = {
    "id": 1,
    "model_name": "SVC",
    "hyperparameters": {"C": 10, "kernel": "rbf"},
    "preprocessing": "standard_scaler",
    "run_id": None,
    "snapshot_id": 1,
    "set_at": "2026-01-31T12:00:00Z",
    "chosen_at": "2026-01-31T12:00:00Z",
    "trained_at": "2026-01-31T12:00:05Z",
    "active_since": "2026-01-31T12:00:05Z",
}
MODELS_EXAMPLE: JsonDict = {
    "name": "SVC",
    "message": "ML model",
    "set": DEPLOYMENT_EXAMPLE,
    "active": DEPLOYMENT_EXAMPLE,
}
SCORE_EXAMPLE: JsonDict = {
    "message": "Score on testing set: 97.22222222222221%",
    "score": 0.9722222222222222,
    "rows": 36,
    "deployment_id": 1,
    "metrics": {"accuracy": 0.9722222222222222, "f1_score": 0.9722, "precision": 0.9744, "recall": 0.9722},
}
REGRESSION_EXAMPLE: JsonDict = {
    "message": "Score on testing set: R² 0.42, MAE 58.1",
    "score": 0.4193,
    "rows": 2360,
    "deployment_id": 2,
    "metrics": {"mae": 58.1043, "rmse": 72.9127, "r2": 0.4193, "max_error": 241.38},
}
AUDIT_EXAMPLE: JsonDict = {
    "events": [
        {
            "id": 7,
            "at": "2026-01-31T12:00:05Z",
            "service": "ml_model",
            "action": "activate",
            "use_case": "wine",
            "subject": "1",
            "actor": "alice",
            "request_id": "2f0c…",
        }
    ],
    "next_page_token": None,
}


class SetModelRequest(RequestModel):
    """`POST /root/ml/set_model`. hyperparameters: of the model's scikit-learn estimator."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model_name": "SVC", "hyperparameters": {"C": 10, "kernel": "rbf"}}]}
    )

    model_name: Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={"enum": [*CATALOGUE]})]
    hyperparameters: dict[str, Any] | None = None
    run_id: Id | None = None
    preprocessing: Preprocessing = "standard_scaler"
    use_case: UseCaseName = "wine"


class TrainRequest(RequestModel):
    """Train the chosen model, which makes a deployment."""

    dataset: Literal["training"]
    deployment_id: Annotated[None, absent("goes with testing and production, as training makes one")] = None
    use_case: UseCaseName = "wine"


class ScoreRequest(RequestModel):
    """Score a set. deployment_id: by which deployment, instead of the chosen one."""

    dataset: Literal["testing", "production"]
    deployment_id: IdNumber | None = None
    use_case: UseCaseName = "wine"


class RunRequest(RequestForms[Annotated[TrainRequest | ScoreRequest, Field(discriminator="dataset")]]):
    """`POST /root/ml`: train, or score."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"dataset": "training"}, {"dataset": "testing", "deployment_id": 1}]}
    )


class DescribeRequest(RequestModel):
    """`GET /root/ml`."""

    use_case: UseCaseName = "wine"


class AuditQuery(PageQuery):
    """`GET /root/ml/audit`. use_case: only its events."""

    use_case: UseCaseName | None = None


class AuditEventAnswer(AnswerModel):
    """Something that was done. subject: a set's name, or the id of a deployment, experiment or run."""

    id: int
    at: datetime
    service: str
    action: str
    use_case: str | None
    subject: str
    actor: str
    request_id: str


class AuditAnswer(PageAnswer):
    """Who did what; next_page_token is null on the last page."""

    model_config = ConfigDict(json_schema_extra={"examples": [AUDIT_EXAMPLE]})

    events: list[AuditEventAnswer]


class DeploymentAnswer(AnswerModel):
    """A model that was set, or a candidate, which has no `chosen_at`. snapshot_id: what it learned from."""

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Preprocessing
    run_id: str | None
    snapshot_id: int | None
    set_at: datetime
    chosen_at: datetime | None
    trained_at: datetime | None
    active_since: datetime | None


class ModelsAnswer(AnswerModel):
    """The model that was set, or made active again, last; and the live one. Null while there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [MODELS_EXAMPLE]})

    name: str | None
    message: str
    set: DeploymentAnswer | None
    active: DeploymentAnswer | None


class SetModelAnswer(AnswerModel):
    """The model that is trained next."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"message": "Model successfully uploaded", "deployment_id": 1}]}
    )

    message: str
    deployment_id: int


class ScoreAnswer(AnswerModel):
    """How the model did on a set. score: its accuracy, or R² of a regression; null if no sample has a target.

    metrics: accuracy, f1_score, precision and recall, or mae, rmse, r2 and max_error; none without targets.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [SCORE_EXAMPLE, REGRESSION_EXAMPLE]})

    message: str
    score: float | None
    rows: int
    deployment_id: int
    metrics: dict[str, float]
