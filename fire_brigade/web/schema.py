"""What the fire brigade's routes take and answer."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fire_brigade.service.models import FARTHEST_KM
from fire_brigade.service.paths import MODEL_SUFFIXES
from fleet.web.answers import AnswerModel, examples
from fleet.web.validation import RequestModel

MOST_ATTEMPTS = 10
JOB_ID = "7f0c2c1e3f6d4c0f9d3a5b6e8a1f2b3c"

Flag = Annotated[bool, Field(strict=True)]
PathText = Annotated[str, Field(min_length=1, max_length=1000)]
ModelPathText = Annotated[
    PathText, Field(description=f"Below models/ or data/; ends with {MODEL_SUFFIXES[0]}")
]


class ProcessDataQuery(RequestModel):
    """Which records to fetch: those that are true, or both if none is."""

    incident: Flag = False
    mobilisation: Flag = False
    convert_to_pickle: Flag = False
    made_up: Flag = Field(
        False, description="Make records up instead of fetching them; real ones that are there stay."
    )
    attempts: int | None = Field(
        None, ge=1, le=MOST_ATTEMPTS, description="How often a download is tried; 4 times unless given."
    )


class TrainRequest(RequestModel):
    """Files to use instead of the usual ones; `model_path` is another name of `ml_model_path`."""

    model_config = examples(
        {
            "data_path": "./data/global_data.csv",
            "ml_model_path": "./models/linear_regression_model.pkl",
            "encoder_path": "./models/onehot_encoder.pkl",
        }
    )

    data_path: PathText | None = None
    ml_model_path: ModelPathText | None = None
    model_path: ModelPathText | None = None
    encoder_path: ModelPathText | None = None

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if self.ml_model_path and self.model_path and self.ml_model_path != self.model_path:
            raise ValueError("'ml_model_path' and 'model_path' are the same field: give one of them")
        return self


class PredictQuery(RequestModel):
    """A call: how far it is from which station."""

    distance: float = Field(ge=0, le=FARTHEST_KM, allow_inf_nan=False, description="In kilometres.")
    station: str = Field(min_length=1, max_length=200, description="Its name in the data, such as Acton.")


class ProcessDataAnswer(AnswerModel):
    """The work has begun; `GET /jobs/<job_id>` tells how far it is."""

    model_config = examples(
        {"status": "success", "message": "All data jobs submitted successfully", "job_id": JOB_ID}
    )

    status: Literal["success"]
    message: str
    job_id: str


class BuildFeaturesAnswer(AnswerModel):
    """How many rows there were, and how many were dropped for which reason."""

    status: Literal["success"]
    message: str
    counts: dict[str, int]


class ScoresAnswer(AnswerModel):
    """The figures on the rows kept for testing: seconds squared, a share, seconds, seconds."""

    model_config = examples({"mse": 3364.2, "r2_score": 0.41, "mae": 45.3, "max_error": 276.1})

    mse: float
    r2_score: float
    mae: float
    max_error: float


class AttendanceTimeAnswer(AnswerModel):
    """Seconds from the call to the arrival."""

    model_config = examples({"predicted_attendance_time": 471.25})

    predicted_attendance_time: float


class SystemAnswer(AnswerModel):
    """Whether every file is there that predictions come from."""

    model_config = examples(
        {"status": "healthy", "message": "All systems operational"},
        {"status": "warning", "message": "Missing: linear_regression_model.pkl, onehot_encoder.pkl"},
    )

    status: Literal["healthy", "warning"]
    message: str
