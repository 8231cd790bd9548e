"""What tracking answers."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel

MOMENT = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"  # in UTC
Moment = Annotated[str, Field(pattern=MOMENT)] | None
RUN_ID = "0123456789abcdef0123456789abcdef"
PARAMETERS_EXAMPLE: JsonDict = {
    "message": "Parameters Retrieved",
    "data": {"classes": "3", "features": "13", "samples": "106"},
}
CANDIDATE_EXAMPLE: JsonDict = {
    "id": 2,
    "model_name": "SVC",
    "hyperparameters": {"C": 10, "kernel": "rbf"},
    "preprocessing": "standard_scaler",
    "run_id": RUN_ID,
    "snapshot_id": 1,
    "set_at": "2026-01-31T12:00:00Z",
    "chosen_at": None,
    "trained_at": "2026-01-31T12:00:05Z",
    "active_since": None,
    "use_case": "wine",
    "actor": "alice",
    "failure": None,
    "discarded_at": None,
    "metrics": {"training": {"accuracy": 0.9811320754716981}},
    "activations": [],
}


class ModelError(AnswerModel):
    """Why a model could not be searched, as it is told of a whole request."""

    code: str
    error: str
    message: str


class Recorded(AnswerModel):
    """Where searches were recorded. run_ids: by model name. errors: of those that could not be searched.

    best_model: the one of the best score, the earliest asked for if there are several.
    """

    experiment_id: str
    run_ids: dict[str, str]
    best_model: str
    errors: dict[str, ModelError] | None = None


class OptimisationAnswer(AnswerModel):
    """The searches were made and recorded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "Experiments retrieved successfully",
                    "data": {"experiment_id": "1", "run_ids": {"SVC": RUN_ID}, "best_model": "SVC"},
                }
            ]
        }
    )

    message: str
    data: Recorded


class CandidateAnswer(AnswerModel):
    """The run's model was trained and is not served: ml_model's answer, as it is."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [CANDIDATE_EXAMPLE]})


class CreatedAnswer(RootModel[OptimisationAnswer | CandidateAnswer]):
    """The searches were made and recorded, or a candidate was trained."""


class SettingAnswer(AnswerModel):
    """The run's model was set: ml_model's answer, as it is. Or it is called the champion."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"message": "Model successfully uploaded", "deployment_id": 1},
                {"message": "Model is the champion", "deployment_id": 2},
            ]
        },
    )


class ListedExperiment(AnswerModel):
    """An experiment and its number of runs."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    run_count: int


class ExperimentsAnswer(AnswerModel):
    """Every experiment, or a page of them; next_page_token: only of a page, null on the last one."""

    message: str
    data: list[ListedExperiment]
    next_page_token: str | None = None


class ExperimentInfo(AnswerModel):
    """What MLflow knows of an experiment; moments are `2024-10-30 20:44:16`, in UTC."""

    experiment_id: str
    experiment_name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str]
    data_creation: Moment
    last_updated: Moment


class ExperimentRuns(AnswerModel):
    """How its runs went."""

    number_of_runs: int
    completed_runs: int
    failed_runs: int
    active_runs: int
    stopped_runs: int
    first_run_completed: Moment
    last_run_completed: Moment


class General(AnswerModel):
    """An experiment and its runs."""

    experiment_info: ExperimentInfo
    experiment_runs: ExperimentRuns


class BestModel(AnswerModel):
    """The run that is best by the first metric of the filter."""

    run_id: str
    run_name: str
    model: str
    metrics: dict[str, float]


class Statistics(AnswerModel):
    """Statistics of one metric over the finished runs that have it; null is what no double holds."""

    mean: float
    median: float
    std_dev: float
    variance: float | None
    min: float
    max: float
    mode: float
    iqr: float | None


class ExperimentAnswer(AnswerModel):
    """What was asked for of an experiment: general, best_model, or statistics by short name."""

    message: str
    data: General | BestModel | dict[str, Statistics]


class ListedRun(AnswerModel):
    """A run; its moments are `2024-10-30 20:44:16`, in UTC."""

    run_id: str
    status: Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
    start_time: Moment
    end_time: Moment
    run_name: str
    tags: dict[Literal["model_type", "experiment_type"], str]


class RunsAnswer(AnswerModel):
    """The experiment's runs, the newest first; next_page_token: only of a page, null on the last one."""

    message: str
    data: list[ListedRun]
    next_page_token: str | None = None


class RunAnswer(AnswerModel):
    """A run's parameters, as texts, or its metrics; null where a value is no number."""

    model_config = ConfigDict(json_schema_extra={"examples": [PARAMETERS_EXAMPLE]})

    message: str
    data: dict[str, str] | dict[str, float | None]


class ComparedRun(AnswerModel):
    """A run among others; end_time: `2024-10-30 20:44:16`, in UTC. metrics: null where one is no number."""

    run_id: str
    run_name: str
    experiment_id: str
    model: str
    end_time: Moment
    metrics: dict[str, float | None]


class RankedRun(ComparedRun):
    """The best has rank 1."""

    rank: int


class RankedRuns(AnswerModel):
    """metric: that they are ranked by."""

    metric: str
    runs: list[RankedRun]


class LeaderboardAnswer(AnswerModel):
    """The best finished runs of the use case."""

    message: str
    data: RankedRuns


class Compared(AnswerModel):
    """Two runs; values are of the first and of the second, null where one has none.

    params: only those that differ. per_class: by class and by precision, recall and f1_score.
    """

    runs: list[ComparedRun]
    params: dict[str, list[str | None]]
    metrics: dict[str, list[float | None]]
    per_class: dict[str, dict[str, list[float | None]]]


class ComparisonAnswer(AnswerModel):
    """What two runs have, beside each other."""

    message: str
    data: Compared


class DeletedAnswer(AnswerModel):
    """It was deleted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"message": "Experiment 1 deleted successfully."},
                {"message": "Run … deleted successfully."},
            ]
        }
    )

    message: str
