"""Requests and answers about deployments that are held against each other."""

import math
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from db.sets import RowRange
from fleet.web.answers import AnswerModel
from fleet.web.validation import IdNumber, RequestModel, UseCaseName

MOST_DEPLOYMENTS = 10
MOST_SAMPLES = 100_000
FORMS = 'give {"sample_index": […]}, or {"first_id", "last_id"}, or {"set"}'
EVALUATION_EXAMPLE: JsonDict = {
    "rows": 36,
    "deployments": [
        {
            "deployment_id": 1,
            "loss": "zero_one",
            "losses": {"rows": 36, "total": 6.0, "squares": 6.0, "cubes": 6.0},
            "metrics": {"accuracy": 0.8333, "f1_score": 0.8311, "precision": 0.8475, "recall": 0.8333},
        },
        {
            "deployment_id": 2,
            "loss": "brier",
            "losses": {"rows": 36, "total": 2.3117, "squares": 1.4902, "cubes": 1.3211},
            "metrics": {"accuracy": 0.9722, "f1_score": 0.9722, "precision": 0.9744, "recall": 0.9722},
        },
    ],
    "pairs": [
        {
            "first_deployment_id": 1,
            "second_deployment_id": 2,
            "loss": "zero_one",
            "rows": 36,
            "mean": -0.1389,
            "p_better": 0.0308,
            "p_worse": 1.0,
            "upper_bound": -0.0401,
            "lower_bound": -0.2377,
        }
    ],
}

SampleNumber = Annotated[int, Field(ge=0, lt=2**63)]


class RowsField(RequestModel):
    """Which rows, in one of three forms.

    sample_index: any samples'. first_id, last_id: production rows by their sample_id, both included. set: all
    rows of one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"sample_index": [0, 5, 1000000007]},
                {"first_id": 143, "last_id": 178},
                {"set": "testing"},
            ]
        }
    )

    sample_index: Annotated[list[SampleNumber], Field(min_length=1, max_length=MOST_SAMPLES)] | None = None
    first_id: IdNumber | None = None
    last_id: IdNumber | None = None
    set: Literal["training", "testing", "production"] | None = None

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        ends = (self.first_id is not None) + (self.last_id is not None)
        if ends == 1 or (self.sample_index is not None) + (self.set is not None) + (ends == 2) != 1:
            raise ValueError(FORMS)
        if self.first_id is not None and self.last_id is not None and self.first_id > self.last_id:
            raise ValueError("'first_id' is after 'last_id': exchange them")
        return self

    def chosen(self) -> RowRange | list[int]:
        """What is meant."""
        if self.sample_index is not None:
            return self.sample_index
        if self.first_id is not None and self.last_id is not None:
            return RowRange("production", self.first_id, self.last_id)
        return RowRange(self.set or "production")


class EvaluationRequest(RequestModel):
    """`POST /root/ml/evaluate`. deployment_ids: each later one is held against the first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"deployment_ids": [1, 2], "rows": {"set": "testing"}}],
        }
    )

    deployment_ids: Annotated[list[IdNumber], Field(min_length=1, max_length=MOST_DEPLOYMENTS)]
    rows: RowsField
    use_case: UseCaseName = "wine"


def _or_none(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


Figure = Annotated[float | None, BeforeValidator(_or_none)]
"""Null where it is larger than numbers can be."""
LossName = Literal["brier", "zero_one", "absolute"]


class LossSumsAnswer(AnswerModel):
    """Losses by their power sums, null where they are larger than numbers can be."""

    rows: int
    total: Figure
    squares: Figure
    cubes: Figure


class EvaluatedAnswer(AnswerModel):
    """How a deployment does on the rows. metrics: as those of `POST /root/ml`."""

    deployment_id: int
    loss: LossName
    losses: LossSumsAnswer
    metrics: dict[str, float]


class PairAnswer(AnswerModel):
    """The second deployment's losses less the first's, row by row; loss: the most telling that both have.

    mean: below 0 where the second is better. p_better, p_worse: that chance alone makes it so. upper_bound,
    lower_bound: of the mean in the long run, 95 % each; null with fewer than two rows.
    """

    first_deployment_id: int
    second_deployment_id: int
    loss: LossName
    rows: int
    mean: Figure
    p_better: float
    p_worse: float
    upper_bound: Figure
    lower_bound: Figure


class EvaluationAnswer(AnswerModel):
    """Figures of deployments on the same rows: those with a target, which every deployment can predict."""

    model_config = ConfigDict(json_schema_extra={"examples": [EVALUATION_EXAMPLE]})

    rows: int
    deployments: list[EvaluatedAnswer]
    pairs: list[PairAnswer]
