"""What tracking answers about experiments and their runs."""

from typing import Literal

from client.answer import Answer, Moment

MetricName = Literal[
    "model_accuracy",
    "model_f1_score",
    "model_precision",
    "model_recall",
    "model_mae",
    "model_rmse",
    "model_r2",
    "model_max_error",
    "system_cpu_usage",
    "system_execution_time",
]


class Search(Answer):
    """Where searches were recorded. run_ids: by model name."""

    experiment_id: str
    run_ids: dict[str, str]


class Experiment(Answer):
    """An experiment in a list."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    run_count: int


class ExperimentInfo(Answer):
    """What MLflow knows of an experiment."""

    experiment_id: str
    experiment_name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str]
    data_creation: Moment | None
    last_updated: Moment | None


class ExperimentRuns(Answer):
    """How many runs there are, and how they went."""

    number_of_runs: int
    completed_runs: int
    failed_runs: int
    active_runs: int
    stopped_runs: int
    first_run_completed: Moment | None
    last_run_completed: Moment | None


class ExperimentDetails(Answer):
    """An experiment and its runs."""

    experiment_info: ExperimentInfo
    experiment_runs: ExperimentRuns


class BestRun(Answer):
    """The best run. metrics: those that were asked for."""

    run_id: str
    run_name: str
    model: str
    metrics: dict[str, float]


class Statistics(Answer):
    """Of one metric over the finished runs that have it, in the metric's unit; variance in its square.

    std_dev and variance are the population's; mode is the smallest of the most frequent values. None is what
    no double can hold.
    """

    mean: float
    median: float
    std_dev: float
    variance: float | None
    min: float
    max: float
    mode: float
    iqr: float | None


class Run(Answer):
    """A run in a list. end_time: None while it is going on."""

    run_id: str
    status: Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
    start_time: Moment | None
    end_time: Moment | None
    run_name: str
    tags: dict[str, str]


class ExperimentPage(Answer):
    """Some of the experiments."""

    message: str
    data: list[Experiment]
    next_page_token: str | None = None


class RunPage(Answer):
    """Some of an experiment's runs."""

    message: str
    data: list[Run]
    next_page_token: str | None = None
