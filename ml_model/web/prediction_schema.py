"""Requests and answers about live predictions, as documented; `prediction_body` declares the bodies."""

from typing import Annotated, Any

import msgspec
from pydantic import ConfigDict, Field, create_model
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel, UseCaseName
from ml_model.web.prediction_body import Body, Invocation, Split

PREDICT_EXAMPLE: JsonDict = {
    "columns": [
        *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"),
        *("nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue"),
        *("od280__od315_of_diluted_wines", "proline"),
    ],
    "data": [
        [13.2, 2.77, 2.51, 18.5, 98, 1.8, 2.1, 0.3, 1.5, 5.6, 0.9, 2.8, 1045],
        [12.4, 1.3, 2.2, 19.8, 90, 2.1, 1.9, 0.4, 1.4, 3.2, None, 2.6, 420],
    ],
}
PREDICTION_EXAMPLE: JsonDict = {
    "predictions": [0, 1],
    "probabilities": [[0.96, 0.03, 0.01], [0.08, 0.9, 0.02]],
    "deployment_id": 1,
    "model_name": "LogisticRegression",
    "sample_index": [1000000000, 1000000001],
}
FEEDBACK_EXAMPLE: JsonDict = {"sample_index": [1000000000, 1000000001], "target": [0, 1]}
OUTCOME_EXAMPLE: JsonDict = {
    "message": "Feedback stored",
    "rows": 2,
    "stored": 1,
    "replaced": 0,
    "unchanged": 0,
    "unknown": 1,
    "first_unknown": [1000000001],
}

Cell = float | str | None


class Described(RequestModel):
    """Base of what describes bodies that `prediction_body` reads."""

    model_config = ConfigDict(json_schema_extra={"examples": [PREDICT_EXAMPLE]})


def _described(name: str, form: Any, text: str, base: type[RequestModel] = Described) -> type[RequestModel]:
    """A model with the fields of the struct that reads the body."""
    fields: dict[str, Any] = {
        each.name: (each.type, ... if each.required else each.default)
        for each in msgspec.structs.fields(form)
    }
    if "dataframe_split" in fields:
        fields["dataframe_split"] = (SplitModel | None, None)
    return create_model(name, __base__=base, __doc__=text, __module__=__name__, **fields)


SplitModel = _described("Split", Split[Cell], "A data frame as pandas splits it.", RequestModel)
PredictRequest = _described(
    "PredictRequest",
    Body[Cell, list[Cell]],
    "`POST /root/ml/predict`: rows in one form. routing_key: one key is answered by one model.",
)
InvocationsRequest = _described(
    "InvocationsRequest", Invocation[Cell, list[Cell]], "`POST /invocations`. params: not looked at."
)


class UseCaseQuery(RequestModel):
    """Whose model is meant, where the body does not name it."""

    use_case: UseCaseName = "wine"


class PredictAnswer(AnswerModel):
    """What the model says of each row.

    probabilities: by class, ascending; null where the model gives none. sample_index: null where nothing is
    stored.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PREDICTION_EXAMPLE]})

    predictions: list[float]
    probabilities: list[list[float]] | None
    deployment_id: int
    model_name: str
    sample_index: list[int] | None


class InvocationsAnswer(AnswerModel):
    """What MLflow's scoring server would answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"predictions": [0, 1]}]})

    predictions: list[float]


class FeedbackRequest(RequestModel):
    """`POST /root/ml/feedback`: the truth about samples."""

    model_config = ConfigDict(json_schema_extra={"examples": [FEEDBACK_EXAMPLE]})

    sample_index: Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], Field(min_length=1)]
    target: list[float]
    use_case: UseCaseName = "wine"


class FeedbackAnswer(AnswerModel):
    """What became of it, each sample counted once; unknown: there is no such sample, or not yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [OUTCOME_EXAMPLE]})

    message: str
    rows: int
    stored: int
    replaced: int
    unchanged: int
    unknown: int
    first_unknown: list[int]
