"""What the services answer. Made by `python -m tests.client_answers`: do not edit."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from client.answer import Answer, Moment

T = TypeVar("T")  # what an answer holds depends on what was asked


class Unlisted(Answer):
    """How many rows of a column are in no category. share: of the rows; examples: the most frequent names."""

    rows: int
    share: float
    examples: list[str]


class AddedUseCase(Answer):
    """What was added. registered: false until the last part is there. sets: rows to load, if any came.

    unlisted: by column, what of these rows is in no category; absent if nothing is.
    """

    message: str
    use_case: str
    task: Literal["classification", "regression"]
    registered: bool
    sets: dict[str, int] | None
    unlisted: dict[str, Unlisted] = {}


class JobError(Answer):
    """As the request is answered that has waited for the job. status: the HTTP status of that answer."""

    status: int
    code: str
    error: str
    message: str


class Job(Answer):
    """How a job is. progress: from 0 to 1. detail: what is being done. actor: who asked for it.

    attempts: how often it was begun. result: what the request is answered that has waited for it.
    """

    id: str
    kind: str
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float
    detail: str
    attempts: int
    actor: str
    created_at: Moment
    started_at: Moment | None = None
    ended_at: Moment | None = None
    result: dict[str, Any] | None = None
    error: JobError | None = None


class Jobs(Answer):
    """A page of jobs, the newest first."""

    next_page_token: str | None
    message: str
    data: list[Job]


class LoadedSet(Answer):
    """A set was loaded. rows: of it; of `dataset`, how many sets there are.

    unlisted: by column, what of these rows is in no category; absent if nothing is.
    """

    message: str
    rows: int
    unlisted: dict[str, Unlisted] = {}


class PrunedUseCase(Answer):
    """How much of a use case is due, or was deleted."""

    use_case: str
    live_rows: int
    results: int


class Pruned(Answer):
    """What is due or, without dry_run, was deleted.

    answers: by Idempotency-Key, of the whole fleet. live_runs: of MLflow, that what is live was chosen from.
    """

    message: str
    dry_run: bool
    use_cases: list[PrunedUseCase]
    answers: int
    live_runs: list[str]


class RemovedUseCase(Answer):
    """A use case was removed. rows: stored samples that went along, by set; deployments: how many did."""

    message: str
    use_case: str
    rows: dict[str, int]
    deployments: int


class StoredSets(Answer):
    """The use case's stored samples, by set."""

    name: str
    message: str
    sets: dict[str, int]


class Streamed(Answer):
    """A stream has ended. rows: that were answered. in_doubt: that may have arrived, or not.

    labels: rows whose truth was stored. labels_unknown: whose sample was not there. first_index, last_index:
    sample_index of the first and the last; others came in between. None if none was stored.
    """

    message: str
    use_case: str
    rows: int
    in_doubt: int
    labels: int
    labels_unknown: int
    first_index: int | None
    last_index: int | None
    seed: int


class Feature(Answer):
    """A feature. categories: of a category, its names in the order of their positions."""

    name: str
    type: Literal["number", "integer", "category"]
    categories: list[str]


class UseCase(Answer):
    """A use case that can be played. registered: false until its file tells what its categories are."""

    name: str
    task: Literal["classification", "regression"]
    target: str
    features: list[Feature]
    source: Literal["bundled", "synthetic", "csv"]
    split: Literal["random", "time", "column"]
    uploaded: bool
    registered: bool
    sets: dict[str, int]


class UseCases(Answer):
    """The simulator's own use cases, then those that were uploaded; sets: stored rows."""

    use_cases: list[UseCase]


class Activated(Answer):
    """What serves from now on, and what did before."""

    message: str
    deployment_id: int
    model_name: str
    previous_deployment_id: int | None


class AuditEvent(Answer):
    """Something that was done. subject: a set's name, or the id of a deployment, experiment or run."""

    id: int
    at: Moment
    service: str
    action: str
    use_case: str | None
    subject: str
    actor: str
    request_id: str


class Audit(Answer):
    """Who did what; next_page_token is None on the last page."""

    next_page_token: str | None
    events: list[AuditEvent]


class Activation(Answer):
    """A deployment's time in a role; `until` is None while it lasts, `share` of a canary only."""

    role: Literal["active", "shadow", "canary"]
    share: float | None
    since: Moment = Field(validation_alias="from")
    until: Moment | None
    reason: str | None
    actor: str | None


class DeploymentRecord(Answer):
    """A model that was set, with what it was used for."""

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Literal["standard_scaler", "none"]
    run_id: str | None
    snapshot_id: int | None
    set_at: Moment
    chosen_at: Moment | None
    trained_at: Moment | None
    active_since: Moment | None
    use_case: str
    actor: str | None
    failure: str | None
    discarded_at: Moment | None
    metrics: dict[str, dict[str, float]]
    activations: list[Activation]


class Deployments(Answer):
    """Deployments, that which was set last first."""

    next_page_token: str | None
    deployments: list[DeploymentRecord]


class Feedback(Answer):
    """What became of it, each sample counted once; unknown: there is no such sample, or not yet."""

    message: str
    rows: int
    stored: int
    replaced: int
    unchanged: int
    unknown: int
    first_unknown: list[int]


class Deployment(Answer):
    """A model that was set, or a candidate, which has no `chosen_at`. snapshot_id: what it learned from."""

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Literal["standard_scaler", "none"]
    run_id: str | None
    snapshot_id: int | None
    set_at: Moment
    chosen_at: Moment | None
    trained_at: Moment | None
    active_since: Moment | None


class Models(Answer):
    """The model that was set, or made active again, last; and the live one. None while there is none."""

    name: str | None
    message: str
    newest: Deployment | None = Field(validation_alias="set")
    active: Deployment | None


class Prediction(Answer):
    """What the model says of each row.

    probabilities: by class, ascending; None where the model gives none. sample_index: None where nothing is
    stored.
    """

    predictions: list[float]
    probabilities: list[list[float]] | None
    deployment_id: int
    model_name: str
    sample_index: list[int] | None


class Role(Answer):
    """What the deployment is used for from now on; None: for nothing."""

    message: str
    deployment_id: int
    role: Literal["active", "shadow", "canary"] | None
    share: float | None


class Score(Answer):
    """How the model did on a set. score: its accuracy, or R² of a regression; None if no sample has a target.

    metrics: accuracy, f1_score, precision and recall, or mae, rmse, r2 and max_error; none without targets.
    """

    message: str
    score: float | None
    rows: int
    deployment_id: int
    metrics: dict[str, float]


class ModelSet(Answer):
    """The model that is trained next."""

    message: str
    deployment_id: int


class Snapshot(Answer):
    """Rows that a model may learn from. rows: labelled ones in all; digest: SHA-256 of them.

    production_until: up to when production's came in; None if it has the training set's alone.
    """

    id: int
    use_case: str
    production_until: Moment | None
    rows: int
    digest: str
    created_at: Moment
    actor: str


class Snapshots(Answer):
    """Snapshots, the newest first."""

    next_page_token: str | None
    snapshots: list[Snapshot]


class ComparedRun(Answer):
    """A run among others; end_time: `2024-10-30 20:44:16`, in UTC. metrics: None where one is no number."""

    run_id: str
    run_name: str
    experiment_id: str
    model: str
    end_time: Moment | None
    metrics: dict[str, float | None]


class Compared(Answer):
    """Two runs; values are of the first and of the second, None where one has none.

    params: only those that differ. per_class: by class and by precision, recall and f1_score.
    """

    runs: list[ComparedRun]
    params: dict[str, list[str | None]]
    metrics: dict[str, list[float | None]]
    per_class: dict[str, dict[str, list[float | None]]]


class Comparison(Answer):
    """What two runs have, beside each other."""

    message: str
    data: Compared


class Deleted(Answer):
    """It was deleted."""

    message: str


class ExperimentInfo(Answer):
    """What MLflow knows of an experiment; moments are `2024-10-30 20:44:16`, in UTC."""

    experiment_id: str
    experiment_name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str]
    data_creation: Moment | None
    last_updated: Moment | None


class ExperimentRuns(Answer):
    """How its runs went."""

    number_of_runs: int
    completed_runs: int
    failed_runs: int
    active_runs: int
    stopped_runs: int
    first_run_completed: Moment | None
    last_run_completed: Moment | None


class General(Answer):
    """An experiment and its runs."""

    experiment_info: ExperimentInfo
    experiment_runs: ExperimentRuns


class BestRun(Answer):
    """The run that is best by the first metric of the filter."""

    run_id: str
    run_name: str
    model: str
    metrics: dict[str, float]


class Statistics(Answer):
    """Statistics of one metric over the finished runs that have it; None is what no double holds."""

    mean: float
    median: float
    std_dev: float
    variance: float | None
    min: float
    max: float
    mode: float
    iqr: float | None


class Experiment(Answer, Generic[T]):
    """What was asked for of an experiment: general, best_model, or statistics by short name."""

    message: str
    data: T


class ListedExperiment(Answer):
    """An experiment and its number of runs."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    run_count: int


class Experiments(Answer):
    """Every experiment, or a page of them; next_page_token: only of a page, None on the last one."""

    message: str
    data: list[ListedExperiment]
    next_page_token: str | None = None


class RankedRun(Answer):
    """The best has rank 1."""

    run_id: str
    run_name: str
    experiment_id: str
    model: str
    end_time: Moment | None
    metrics: dict[str, float | None]
    rank: int


class RankedRuns(Answer):
    """metric: that they are ranked by."""

    metric: str
    runs: list[RankedRun]


class Leaderboard(Answer):
    """The best finished runs of the use case."""

    message: str
    data: RankedRuns


class ModelError(Answer):
    """Why a model could not be searched, as it is told of a whole request."""

    code: str
    error: str
    message: str


class Search(Answer):
    """Where searches were recorded. run_ids: by model name. errors: of those that could not be searched."""

    experiment_id: str
    run_ids: dict[str, str]
    errors: dict[str, ModelError] | None = None


class Optimisation(Answer):
    """The searches were made and recorded."""

    message: str
    data: Search


class Run(Answer, Generic[T]):
    """A run's parameters, as texts, or its metrics; None where a value is no number."""

    message: str
    data: T


class ListedRun(Answer):
    """A run; its moments are `2024-10-30 20:44:16`, in UTC."""

    run_id: str
    status: Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
    start_time: Moment | None
    end_time: Moment | None
    run_name: str
    tags: dict[Literal["model_type", "experiment_type"], str]


class Runs(Answer):
    """The experiment's runs, the newest first; next_page_token: only of a page, None on the last one."""

    message: str
    data: list[ListedRun]
    next_page_token: str | None = None


class LeftOut(Answer):
    """What could not be judged without truth. column: None where it is the whole group."""

    group: str
    column: str | None
    reason: str


class Summary(Answer):
    """How many of the checks that count passed. not_counted: how many of Evidently's own, which do not count;
    absent without any. left_out: what was not judged, as no truth is known; absent if all was.
    """

    all_passed: bool
    total_tests: int
    success_tests: int
    failed_tests: int
    by_status: dict[Literal["SUCCESS", "FAIL"], int]
    not_counted: dict[Literal["SUCCESS", "FAIL"], int] = {}
    left_out: list[LeftOut] = []


class Check(Answer):
    """One check. Its limit is a number, `threshold`, or words, `condition`.

    source: whose rule it is. `evidently`: told as Evidently would, it does not count. Results that were kept
    before checks had a source have none.
    """

    group: str
    name: str
    column: str | None
    status: Literal["SUCCESS", "FAIL"]
    value: float | None
    threshold: float | None = None
    condition: str | None = None
    description: str
    source: Literal["evidently", "mlfleet"] | None = None


class Checks(Answer):
    """Every check, and how many passed."""

    tests: list[Check]
    summary: Summary


class Report(Answer):
    """Evidently's metrics. left_out: columns without values; failed: parts that it could not make."""

    metrics: list[dict[str, Any]]
    left_out: list[str] = []
    failed: list[str] = []


class Judgement(Answer, Generic[T]):
    """The result, which is kept. retraining: ml_model's answer, if it was asked to train again."""

    result: T = Field(validation_alias="message")
    result_id: int
    retraining: Score | None = None


class Monitor(Answer):
    """Who judges."""

    name: str
    message: str


class Distribution(Answer):
    """How a column's values are distributed: the bins' labels, and each side's shares in them."""

    column: str
    labels: list[str]
    reference: list[float]
    current: list[float]


class KeptSummary(Answer):
    """A summary as it is kept. drifted_columns_share: from 0 to 1, where drift was judged.

    failed: which checks that count did, up to a hundred. distributions: of up to twelve columns that moved or
    failed.
    """

    all_passed: bool
    total_tests: int
    success_tests: int
    failed_tests: int
    by_status: dict[Literal["SUCCESS", "FAIL"], int]
    not_counted: dict[Literal["SUCCESS", "FAIL"], int] = {}
    left_out: list[LeftOut] = []
    drifted_columns_share: float | None = None
    failed: list[Check] = []
    distributions: list[Distribution] = []


class KeptVerdicts(Answer):
    """Every check as it is kept. distributions: of up to twelve columns that moved or failed."""

    tests: list[Check]
    summary: Summary
    distributions: list[Distribution] = []


class Result(Answer, Generic[T]):
    """A result with what it says."""

    id: int
    use_case: str
    deployment_id: int | None
    metric: Literal["report", "tests", "summary"]
    groups: list[str] | None
    all_passed: bool | None
    created_at: Moment
    result: T


class ListedResult(Answer):
    """A result that is kept; `groups` and `all_passed` are None for a report.

    deployment_id: whose predictions were judged; None if that deployment is gone.
    """

    id: int
    use_case: str
    deployment_id: int | None
    metric: Literal["report", "tests", "summary"]
    groups: list[str] | None
    all_passed: bool | None
    created_at: Moment


class Results(Answer):
    """Results without what they say, the newest first."""

    next_page_token: str | None
    results: list[ListedResult]


class AttendanceTime(Answer):
    """Seconds from the call to the arrival."""

    predicted_attendance_time: float


class BuiltFeatures(Answer):
    """How many rows there were, and how many were dropped for which reason."""

    status: Literal["success"]
    message: str
    counts: dict[str, int]


class StartedJob(Answer):
    """The work has begun; `GET /jobs/<job_id>` tells how far it is."""

    status: Literal["success"]
    message: str
    job_id: str


class Scores(Answer):
    """The figures on the rows kept for testing: seconds squared, a share, seconds, seconds."""

    mse: float
    r2_score: float
    mae: float
    max_error: float


class SystemHealth(Answer):
    """Whether every file is there that predictions come from."""

    status: Literal["healthy", "warning"]
    message: str
