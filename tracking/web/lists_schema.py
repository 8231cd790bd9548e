"""What tracking is sent about experiments and runs; tracking.web.schema has what is about models."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
)
from pydantic.config import JsonDict, JsonValue
from pydantic.fields import FieldInfo

from fleet.web.paging import Limit, OptionalPageQuery
from fleet.web.validation import Id, RequestForms, RequestModel, UseCaseName
from tracking.persistence.model.metrics import METRIC_NAMES, STATISTICS_NAMES
from tracking.service.experiments import ALL
from tracking.web.schema import MOST_NAMES, Name, needed, refuse_as_null

EXAMPLE_RUN_IDS: list[JsonValue] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
RUN_EXAMPLE: JsonDict = {
    "experiment_id": "1",
    "run_id": "0123456789abcdef0123456789abcdef",
    "request_information": "parameters",
    "type": "data",
}


class ExperimentsQuery(OptionalPageQuery):
    """`GET …/experiments`."""


class RunsQuery(OptionalPageQuery):
    """`GET …/runs`."""

    experiment_id: Id


class ExperimentQuery(RequestModel):
    """`DELETE …/experiments`."""

    experiment_id: Id


def _one_of(*known: str) -> tuple[AfterValidator, FieldInfo]:
    """What a name must be, refused in a sentence that lists the known ones."""

    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"{name} is none of {', '.join(known)}")
        return name

    return AfterValidator(check), Field(json_schema_extra={"enum": [*known]})


MetricName = Annotated[Name, *_one_of(*METRIC_NAMES)]
StatisticName = Annotated[Name, *_one_of(ALL, *STATISTICS_NAMES)]


class _Experiment(RequestModel):
    """What every form knows."""

    experiment_id: Id
    request_information: Literal["general", "best_model", "statistics"]
    filter: list[Name] | None = Field(None, max_length=MOST_NAMES)


class GeneralRequest(_Experiment):
    """Describe an experiment."""

    request_information: Literal["general"]


class BestModelRequest(_Experiment):
    """Find the best run by the first metric of the filter; the next break ties."""

    request_information: Literal["best_model"]
    filter: Annotated[
        list[MetricName],
        Field(min_length=1, max_length=MOST_NAMES),
        needed(f"at least one metric is required, of {', '.join(METRIC_NAMES)}"),
    ]
    _absent = refuse_as_null("filter")


class StatisticsRequest(_Experiment):
    """Sum the runs up, by the metrics of the filter, or by all."""

    request_information: Literal["statistics"]
    filter: list[StatisticName] | None = Field(None, max_length=MOST_NAMES)


class ExperimentRequest(
    RequestForms[
        Annotated[
            GeneralRequest | BestModelRequest | StatisticsRequest, Field(discriminator="request_information")
        ]
    ]
):
    """`POST …/experiments`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"experiment_id": "1", "request_information": "general"},
                {"experiment_id": "1", "request_information": "best_model", "filter": ["model_accuracy"]},
            ]
        }
    )


class RunQuery(RequestModel):
    """`DELETE …/runs`."""

    experiment_id: Id
    run_id: Id


class ParametersRequest(RunQuery):
    """Read a run's parameters of a kind."""

    request_information: Literal["parameters"]
    type: Literal["data", "grid_search", "model"]


class MetricsRequest(RunQuery):
    """Read a run's metrics of a kind."""

    request_information: Literal["metrics"]
    type: Literal["system", "model"]


class RunRequest(
    RequestForms[Annotated[ParametersRequest | MetricsRequest, Field(discriminator="request_information")]]
):
    """`POST …/runs`."""

    model_config = ConfigDict(json_schema_extra={"examples": [RUN_EXAMPLE]})


class LeaderboardQuery(RequestModel):
    """`GET …/leaderboard`. metric: none is accuracy, or the mean absolute error of a regression."""

    use_case: UseCaseName = "wine"
    metric: MetricName | None = None
    limit: Limit = 10


class ComparisonQuery(RequestModel):
    """`GET …/compare`: two runs, as `run_id=…&run_id=…`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"run_id": EXAMPLE_RUN_IDS}]})

    run_id: Annotated[list[Id], Field(min_length=2, max_length=2)]
