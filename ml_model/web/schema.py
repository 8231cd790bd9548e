"""What ml_model is sent, and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fleet.catalogue import Preprocessing
from fleet.web.validation import Id, RequestModel, UseCaseName


class SetModelRequest(RequestModel):
    """`POST /root/ml/set_model`."""

    model_name: Annotated[str, Field(min_length=1, max_length=100)]
    hyperparameters: dict[str, Any] | None = None
    run_id: Id | None = None
    preprocessing: Preprocessing = "standard_scaler"
    use_case: UseCaseName = "wine"


class RunRequest(RequestModel):
    """`POST /root/ml`: train, or score."""

    dataset: Literal["training", "testing", "production"]
    use_case: UseCaseName = "wine"


class DescribeRequest(RequestModel):
    """`GET /root/ml`."""

    use_case: UseCaseName = "wine"


class DeploymentAnswer(BaseModel):
    """A model that was set."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Preprocessing
    run_id: str | None
    set_at: datetime
    trained_at: datetime | None
    active_since: datetime | None
