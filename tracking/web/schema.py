"""What tracking is sent; tracking.web.answers has what it answers."""

import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, StringConstraints, model_validator
from pydantic.config import JsonDict, JsonValue

from fleet.catalogue import CATALOGUE, Preprocessing
from fleet.web.conditions import depending_on
from fleet.web.paging import Limit, OptionalPageQuery
from fleet.web.validation import Id, IdNumber, RequestModel, UseCaseName
from tracking.persistence.model.metrics import METRIC_NAMES, STATISTICS_NAMES, MetricName
from tracking.service.experiments import ALL

LONGEST_EXPERIMENT_NAME = 256  # MLflow lets longer ones through, but its column on PostgreSQL does not
Forms = dict[str, JsonDict]  # what else a request must be, by its `request_information`
MOST_NAMES = 50
MOST_VALUES = 100_000
Name = Annotated[str, StringConstraints(max_length=100)]
Values = Annotated[list[Any], Field(max_length=MOST_VALUES)]
Grid = Annotated[dict[Name, Values], Field(max_length=MOST_NAMES)]

NO_CONTROL = r"[^\u0000-\u001f\u007f-\u009f]"
NEEDED_BY_OPTIMIZATION = ("models", "hyperparameters", "experiment_name")
TYPES = {"parameters": ("data", "grid_search", "model"), "metrics": ("system", "model")}
OPTIMIZATION_EXAMPLE: JsonDict = {
    "request_information": "optimization",
    "models": ["LogisticRegression", "RandomForest", "SVC"],
    "hyperparameters": {
        "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
        "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
        "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
    },
    "scoring": "accuracy",
    "cv": 5,
    "experiment_name": "wine_test_1",
    "experiment_description": "…",
    "experiment_owner": "…",
}
SETTING_EXAMPLE: JsonDict = {"request_information": "setting", "run_id": "0123456789abcdef0123456789abcdef"}
MANAGEMENT_FORMS: Forms = {
    "optimization": {
        "required": [*NEEDED_BY_OPTIMIZATION],
        "properties": {
            "models": {"type": "array", "minItems": 1, "items": {"enum": [*CATALOGUE]}},
            "hyperparameters": {"type": "object"},
            "experiment_name": {"type": "string"},
            "cv": {"minimum": 2},
        },
    },
    "setting": {"required": ["run_id"], "properties": {"run_id": {"type": ["string", "integer"]}}},
}
EXPERIMENT_FORMS: Forms = {
    "general": {},
    "best_model": {
        "required": ["filter"],
        "properties": {"filter": {"type": "array", "minItems": 1, "items": {"enum": [*METRIC_NAMES]}}},
    },
    "statistics": {
        "properties": {
            "filter": {"type": ["array", "null"], "items": {"enum": [ALL, *STATISTICS_NAMES]}},
        }
    },
}
EXAMPLE_RUN_IDS: list[JsonValue] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
RUN_EXAMPLE: JsonDict = {
    "experiment_id": "1",
    "run_id": "0123456789abcdef0123456789abcdef",
    "request_information": "parameters",
    "type": "data",
}
RUN_FORMS: Forms = {asked: {"properties": {"type": {"enum": [*known]}}} for asked, known in TYPES.items()}


def _printable(name: str) -> str:
    if not name:
        raise ValueError("the name is blank")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise ValueError("the name has a control character in it, such as a line break")
    return name


ExperimentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_EXPERIMENT_NAME),
    AfterValidator(_printable),
    Field(
        json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*[!-~][^\u0000-\u001f\u007f-\u009f]*$"}
    ),
]


class ManagementRequest(RequestModel):
    """`POST …/model_management`."""

    model_config = ConfigDict(
        json_schema_extra={
            **depending_on("request_information", MANAGEMENT_FORMS),
            "examples": [OPTIMIZATION_EXAMPLE, SETTING_EXAMPLE],
        }
    )

    request_information: Literal["optimization", "setting"]
    models: list[Name] | None = Field(None, max_length=MOST_NAMES)
    hyperparameters: dict[Name, Grid] | None = Field(None, max_length=MOST_NAMES)
    scoring: Name = "accuracy"
    cv: StrictInt = 5
    preprocessing: Preprocessing = "standard_scaler"
    experiment_name: ExperimentName | None = None
    experiment_description: str | None = Field(None, max_length=5000)
    experiment_owner: str | None = Field(None, max_length=5000)
    experiment_id: Id | None = None
    run_id: Id | None = None
    snapshot_id: IdNumber | None = None
    use_case: UseCaseName = "wine"

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.request_information == "setting":
            if self.run_id is None:
                raise ValueError("Run ID is Missing: 'run_id' says which run's model to set")
            return self
        missing = [name for name in NEEDED_BY_OPTIMIZATION if getattr(self, name) is None]
        if missing:
            raise ValueError(f"an optimization needs {', '.join(repr(name) for name in missing)}")
        if not self.models:
            raise ValueError("'models' is empty: name at least one model")
        return self


class ExperimentsQuery(OptionalPageQuery):
    """`GET …/experiments`."""


class RunsQuery(OptionalPageQuery):
    """`GET …/runs`."""

    experiment_id: Id


class ExperimentQuery(RequestModel):
    """`DELETE …/experiments`."""

    experiment_id: Id


class ExperimentRequest(RequestModel):
    """`POST …/experiments`."""

    model_config = ConfigDict(
        json_schema_extra={
            **depending_on("request_information", EXPERIMENT_FORMS),
            "examples": [
                {"experiment_id": "1", "request_information": "general"},
                {"experiment_id": "1", "request_information": "best_model", "filter": ["model_accuracy"]},
            ],
        }
    )

    experiment_id: Id
    request_information: Literal["general", "best_model", "statistics"]
    filter: list[Name] | None = Field(None, max_length=MOST_NAMES)

    @model_validator(mode="after")
    def _filter_is_known(self) -> Self:
        if self.request_information == "best_model":
            if not self.filter:
                raise ValueError(f"'filter': at least one metric is required, of {', '.join(METRIC_NAMES)}")
            self._check_filter(METRIC_NAMES)
        if self.request_information == "statistics":
            self._check_filter((ALL, *STATISTICS_NAMES))
        return self

    def _check_filter(self, known: tuple[str, ...]) -> None:
        unknown = [name for name in self.filter or [] if name not in known]
        if unknown:
            raise ValueError(f"'filter': {', '.join(unknown)} is none of {', '.join(known)}")


class RunQuery(RequestModel):
    """`DELETE …/runs`."""

    experiment_id: Id
    run_id: Id


class RunRequest(RequestModel):
    """`POST …/runs`."""

    model_config = ConfigDict(
        json_schema_extra={**depending_on("request_information", RUN_FORMS), "examples": [RUN_EXAMPLE]}
    )

    experiment_id: Id
    run_id: Id
    request_information: Literal["parameters", "metrics"]
    type: Name

    @model_validator(mode="after")
    def _type_is_known(self) -> Self:
        known = TYPES[self.request_information]
        if self.type not in known:
            raise ValueError(f"'type' of {self.request_information} is one of {', '.join(known)}")
        return self


class LeaderboardQuery(RequestModel):
    """`GET …/leaderboard`. metric: none is accuracy, or the mean absolute error of a regression."""

    use_case: UseCaseName = "wine"
    metric: MetricName | None = None
    limit: Limit = 10


class ComparisonQuery(RequestModel):
    """`GET …/compare`: two runs, as `run_id=…&run_id=…`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"run_id": EXAMPLE_RUN_IDS}]})

    run_id: Annotated[list[Id], Field(min_length=2, max_length=2)]
