"""What tracking is sent; tracking.web.answers has what it answers."""

import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic.config import JsonDict

from fleet.catalogue import CATALOGUE, Preprocessing
from fleet.web.validation import Id, IdNumber, RequestForms, RequestModel, UseCaseName
from tracking.persistence.model.search import Method

LONGEST_EXPERIMENT_NAME = 256  # MLflow lets longer ones through, but its column on PostgreSQL does not
MOST_NAMES = 50
MOST_VALUES = 100_000
LONGEST_SEARCH_S = 86_400
Name = Annotated[str, StringConstraints(max_length=100)]
Values = Annotated[list[Any], Field(max_length=MOST_VALUES)]
Grid = Annotated[dict[Name, Values], Field(max_length=MOST_NAMES)]
Setting = Annotated[dict[Name, Any], Field(max_length=MOST_NAMES)]

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
BUDGET_EXAMPLE: JsonDict = {
    "request_information": "optimization",
    "models": ["SVC"],
    "method": "random",
    "budget": {"candidates": 4},
    "include": {"SVC": {"C": 10, "kernel": "rbf", "gamma": 0.05}},
    "experiment_name": "wine_test_2",
}
SETTING_EXAMPLE: JsonDict = {"request_information": "setting", "run_id": "0123456789abcdef0123456789abcdef"}
CANDIDATE_EXAMPLE: JsonDict = {**SETTING_EXAMPLE, "candidate": True}
PROMOTED_EXAMPLE: JsonDict = {
    "request_information": "promoted",
    "run_id": "0123456789abcdef0123456789abcdef",
    "deployment_id": 2,
}


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
# Whether there is such a model, the service says, in the words of the contract.
ModelName = Annotated[Name, Field(json_schema_extra={"enum": [*CATALOGUE]})]


def needed(sentence: str) -> BeforeValidator:
    """Refuse null, and a list that is empty, in these words."""

    def check(value: object) -> object:
        if value in (None, []):
            raise ValueError(sentence)
        return value

    return BeforeValidator(check)


def refuse_as_null(field: str) -> Any:
    """Have a field that is absent refused in the words that null is."""
    return model_validator(mode="before")(lambda sent: {field: None, **sent})


class _Management(RequestModel):
    """What either form knows, and the other passes over. experiment_id: passed over by both."""

    request_information: Literal["optimization", "setting", "promoted"]
    models: list[Name] | Name | None = Field(None, max_length=MOST_NAMES)
    hyperparameters: dict[Name, Grid] | None = Field(None, max_length=MOST_NAMES)
    scoring: Name | None = None
    cv: StrictInt = 5
    preprocessing: Preprocessing = "standard_scaler"
    experiment_name: ExperimentName | None = None
    experiment_description: str | None = Field(None, max_length=5000)
    experiment_owner: str | None = Field(None, max_length=5000)
    experiment_id: Id | None = None
    run_id: Id | None = None
    snapshot_id: IdNumber | None = None
    candidate: bool = False
    deployment_id: IdNumber | None = None
    method: Name | None = None
    budget: Any = None
    include: Any = None
    use_case: UseCaseName = "wine"


class SearchBudget(RequestModel):
    """How far a search goes: candidates of each model, or seconds of all together."""

    candidates: StrictInt | None = Field(None, ge=1, le=MOST_VALUES)
    seconds: Annotated[float, Field(gt=0, le=LONGEST_SEARCH_S)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.candidates is None) == (self.seconds is None):
            raise ValueError("give either 'candidates' or 'seconds'")
        return self


class OptimizationRequest(_Management):
    """Search models. scoring: the headline metric of the use case's task, if it is absent.

    models: "auto" is all that there are for the task. hyperparameters: needed by a grid search; other methods
    search a model's own space where it is absent. method: a grid search, or of "auto" without hyperparameters
    a random one. budget: 20 candidates, if it is absent; a grid search has none. include: of some models a
    setting that is tried in any case.
    """

    request_information: Literal["optimization"]
    models: Annotated[list[ModelName], Field(min_length=1, max_length=MOST_NAMES)] | Literal["auto"]
    hyperparameters: dict[Name, Grid] = Field({}, max_length=MOST_NAMES)
    method: Method | None = None
    budget: SearchBudget | None = None
    include: Annotated[dict[Name, Setting], Field(max_length=MOST_NAMES)] | None = None
    cv: StrictInt = Field(5, ge=2)
    experiment_name: ExperimentName

    @model_validator(mode="before")
    @classmethod
    def _hyperparameters_of_a_grid_search(cls, sent: Any) -> Any:
        """Have them refused as a field that is missing, where they are needed."""
        if not isinstance(sent, dict) or sent.get("hyperparameters") is not None:
            return sent
        searches_a_grid = sent.get("method") == "grid" if sent.get("models") == "auto" else True
        if sent.get("method") in (None, "grid") and searches_a_grid:
            return {**sent, "hyperparameters": None}
        return {name: value for name, value in sent.items() if name != "hyperparameters"}


class SettingRequest(_Management):
    """Set the model of a run in ml_model.

    candidate: train it beside the live model instead, on the snapshot if one is named.
    """

    request_information: Literal["setting"]
    run_id: Annotated[Id, needed("Run ID is Missing: it says which run's model to set")]
    _absent = refuse_as_null("run_id")


class PromotedRequest(_Management):
    """Say that a run's candidate was made the active deployment: its model is the champion."""

    request_information: Literal["promoted"]
    run_id: Id
    deployment_id: IdNumber


class ManagementRequest(
    RequestForms[
        Annotated[
            OptimizationRequest | SettingRequest | PromotedRequest, Field(discriminator="request_information")
        ]
    ]
):
    """`POST …/model_management`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                OPTIMIZATION_EXAMPLE,
                BUDGET_EXAMPLE,
                SETTING_EXAMPLE,
                CANDIDATE_EXAMPLE,
                PROMOTED_EXAMPLE,
            ]
        }
    )
