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


class LossSums(Answer):
    """Losses by their power sums, None where they are larger than numbers can be."""

    rows: int
    total: float | None
    squares: float | None
    cubes: float | None


class Evaluated(Answer):
    """How a deployment does on the rows. metrics: as those of `POST /root/ml`."""

    deployment_id: int
    loss: Literal["brier", "zero_one", "absolute"]
    losses: LossSums
    metrics: dict[str, float]


class Pair(Answer):
    """The second deployment's losses less the first's, row by row; loss: the most telling that both have.

    mean: below 0 where the second is better. p_better, p_worse: that chance alone makes it so. upper_bound,
    lower_bound: of the mean in the long run, 95 % each; None with fewer than two rows.
    """

    first_deployment_id: int
    second_deployment_id: int
    loss: Literal["brier", "zero_one", "absolute"]
    rows: int
    mean: float | None
    p_better: float
    p_worse: float
    upper_bound: float | None
    lower_bound: float | None


class Evaluation(Answer):
    """Figures of deployments on the same rows: those with a target, which every deployment can predict."""

    rows: int
    deployments: list[Evaluated]
    pairs: list[Pair]


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


class ModelError(Answer):
    """Why a model could not be searched, as it is told of a whole request."""

    code: str
    error: str
    message: str


class Search(Answer):
    """Where searches were recorded. run_ids: by model name. errors: of those that could not be searched.

    best_model: the one of the best score, the earliest asked for if there are several.
    """

    experiment_id: str
    run_ids: dict[str, str]
    best_model: str
    errors: dict[str, ModelError] | None = None


class Optimisation(Answer):
    """The searches were made and recorded."""

    message: str
    data: Search


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
    """How many checks passed. all_passed: whether all of ours did.

    evidently: how many of them are Evidently's, which decide nothing; absent without any. left_out: what was
    not judged, as no truth is known; absent if all was.
    """

    all_passed: bool
    total_tests: int
    success_tests: int
    failed_tests: int
    by_status: dict[Literal["SUCCESS", "FAIL"], int]
    evidently: dict[Literal["SUCCESS", "FAIL"], int] = {}
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


class Replay(Answer):
    """The decision that the kept figures lead to now. same: as the one that is kept."""

    verdict: Literal["steady", "warning", "act", "insufficient"]
    sentence: str
    same: bool


class Verdict(Answer):
    """A verdict with all that it rests on.

    reference: what the window was held against. figures: every p and effect, of the window and of the last
    three windows together. replay: absent unless it was asked for.
    """

    id: int
    use_case: str
    deployment_id: int | None
    verdict: Literal["steady", "warning", "act", "insufficient"]
    sentence: str
    evidence: Literal["auto", "harm", "drift", "either"]
    first_id: int
    last_id: int
    rows: int
    labelled: int
    created_at: Moment
    actor: str
    reference: dict[str, Any]
    figures: dict[str, Any]
    replay: Replay | None = None


class Retraining(Answer):
    """The loop that searches for a better model; one that was under way already, if there was one."""

    message: str
    loop_id: int


class Judgement(Answer, Generic[T]):
    """The result, which is kept: a verdict among the verdicts by its verdict_id, anything else among the
    results by its result_id. retraining: if it was asked for, and the summary failed.
    """

    result: T = Field(validation_alias="message")
    result_id: int | None = None
    verdict_id: int | None = None
    retraining: Retraining | None = None


class WebhookPolicy(Answer):
    """Who is told. secret: signs what is sent; it is never shown. form: what the receiver understands."""

    url: str
    secret: str | None = None
    form: Literal["json", "slack", "teams", "alertmanager"] = "json"


class BudgetPolicy(Answer):
    """Of a search: candidates, seconds, or both."""

    candidates: int | None = None
    seconds: float | None = None


class SearchPolicy(Answer):
    """What tracking is asked for; its own defaults stand for what is absent."""

    models: list[str] | Literal["auto"] = "auto"
    hyperparameters: dict[str, dict[str, list[Any]]] = {}
    method: Literal["grid", "random", "halving", "optuna"] | None = None
    budget: BudgetPolicy | None = None
    scoring: str | None = None
    cv: int = 5


class GatePolicy(Answer):
    """How a challenger is proven.

    rows: labelled rows that are kept back for it, at most. share: of the newest labelled rows, how many of
    them. keep_old: how much worse it may be on the old testing set; None for any.
    """

    rows: int = 100
    share: float = 0.5
    keep_old: float | None = None


class Policy(Answer):
    """When a use case is judged, and what follows from it.

    schedule: "rows", or a cron expression. window_rows: production rows that are judged together.
    truth_wait: seconds that a full window waits for its truth. evidence: what may act. cool_down: seconds
    between two loops. watch_rows: labelled rows after which a promoted model is kept.
    """

    enabled: bool = True
    schedule: str = "rows"
    window_rows: int = 100
    truth_wait: float = 0.0
    evidence: Literal["auto", "harm", "drift", "either"] = "auto"
    action: Literal["notify", "retrain", "retrain_and_promote"] = "notify"
    cool_down: float = 3600.0
    webhook: WebhookPolicy | None = None
    search: SearchPolicy
    gate: GatePolicy
    watch_rows: int = 200


class LoopStep(Answer):
    """A step: what went in, what was found, and why it ended so. look: how often it was looked, from 1.

    outcome, reason and ended_at are None while it goes on.
    """

    name: Literal["judge", "reserve", "snapshot", "search", "train", "gate", "promote", "watch", "clear"]
    look: int
    given: dict[str, Any]
    figures: dict[str, Any]
    outcome: str | None
    reason: str | None
    began_at: Moment
    ended_at: Moment | None


class ReplayedStep(Answer):
    """What a step's kept figures lead to now. same: as what is kept."""

    name: Literal["judge", "gate", "watch"]
    look: int
    verdict: str
    reason: str
    same: bool


class LoopReplay(Answer):
    """Every step that has decided something, decided again. same: all came to what is kept."""

    steps: list[ReplayedStep]
    same: bool


class Loop(Answer):
    """A loop with its steps. policy: as it was when the loop began. replay: absent unless asked for."""

    id: int
    use_case: str
    verdict_id: int | None
    champion_id: int | None
    challenger_id: int | None
    snapshot_id: int | None
    step: Literal["judge", "reserve", "snapshot", "search", "train", "gate", "promote", "watch", "clear"]
    outcome: Literal["kept", "rolled_back", "rejected", "held", "superseded", "aborted", "failed"] | None
    reason: str | None
    job_id: str | None
    started_at: Moment
    ended_at: Moment | None
    actor: str
    policy: Policy
    steps: list[LoopStep]
    replay: LoopReplay | None = None


class ListedLoop(Answer):
    """A loop. outcome, reason and ended_at are None while it goes on. job_id: that does it.

    verdict_id: that it began with; None if it was begun by hand. champion_id: what was live then;
    challenger_id: what it has trained; snapshot_id: on which rows. step: that is at work, or was the last.
    actor: who began it.
    """

    id: int
    use_case: str
    verdict_id: int | None
    champion_id: int | None
    challenger_id: int | None
    snapshot_id: int | None
    step: Literal["judge", "reserve", "snapshot", "search", "train", "gate", "promote", "watch", "clear"]
    outcome: Literal["kept", "rolled_back", "rejected", "held", "superseded", "aborted", "failed"] | None
    reason: str | None
    job_id: str | None
    started_at: Moment
    ended_at: Moment | None
    actor: str


class Loops(Answer):
    """Loops without their steps, the newest first."""

    next_page_token: str | None
    loops: list[ListedLoop]


class Monitor(Answer):
    """Who judges."""

    name: str
    message: str


class KeptPolicy(Answer):
    """A policy. signed: whether its webhook has a secret, which is never shown. Who is no admin is not shown
    the path of its URL either.

    judged_until: sample_id of the last row that was judged by it, or came in before it. judged_at: when it
    last judged. changed_at, actor: when it was put, and by whom.
    """

    use_case: str
    policy: Policy
    signed: bool
    judged_until: int
    judged_at: Moment | None
    changed_at: Moment
    actor: str


class PolicyRemoved(Answer):
    """That a policy is gone."""

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
    evidently: dict[Literal["SUCCESS", "FAIL"], int] = {}
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


class Told(Answer):
    """How a webhook answered. status: its HTTP status."""

    message: str
    status: int


class ListedVerdict(Answer):
    """A verdict that is kept. sentence: why, for people. deployment_id: None if that deployment is gone.

    evidence: what might act. first_id, last_id: sample_id of the window's ends. rows: of the window;
    labelled: of them, how many have a target. actor: who asked.
    """

    id: int
    use_case: str
    deployment_id: int | None
    verdict: Literal["steady", "warning", "act", "insufficient"]
    sentence: str
    evidence: Literal["auto", "harm", "drift", "either"]
    first_id: int
    last_id: int
    rows: int
    labelled: int
    created_at: Moment
    actor: str


class Verdicts(Answer):
    """Verdicts without what they rest on, the newest first."""

    next_page_token: str | None
    verdicts: list[ListedVerdict]


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
