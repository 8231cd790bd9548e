"""Walks the whole loop on the wine data over HTTP, as any client would."""

from collections.abc import Callable

from client import (
    CallError,
    ConflictError,
    Fleet,
    ForbiddenError,
    RefusedError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from client.experiments import MetricName, Search
from client.ml_model import Score, ScoredSet
from client.simulator import FoulingLevel, SetName
from fleet.errors import FleetError
from launcher.findings import Findings, Verdict, drift_outcome, overall_outcome, retraining_outcome

EXPERIMENT = "wine_demo"
NAMES_TRIED = 50
REFERENCE, HEAVY = "production, reference fouling", "production, heavy fouling"
METRICS: tuple[MetricName, ...] = ("model_accuracy", "model_f1_score", "model_precision", "model_recall")
SETS: tuple[SetName, ...] = ("dataset", "training", "testing", "production")
GRIDS: dict[str, dict[str, list[object]]] = {
    "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
    "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
    "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
}


class StepFailedError(FleetError):
    """A service answered a step of the demo with an error, or not at all."""


class Demo:
    """The loop, step by step.

    fleet: all four services. progress: told what each step is about to do.
    """

    def __init__(self, fleet: Fleet, progress: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._progress = progress
        self.findings = Findings()

    def run(self) -> Findings:
        """Raises StepFailedError with the answer of the step that failed."""
        try:
            self._walk()
        except CallError as error:
            raise StepFailedError(error.outcome, _what_to_do(error)) from error
        return self.findings

    def _walk(self) -> None:
        for name in SETS:
            self._load(name)
        self._deploy(self._search())
        self._train()
        self._score("testing", "testing")
        self._score("production", REFERENCE)
        self._judge(REFERENCE)
        self._load("production", fouling="heavy")
        self._score("production", HEAVY)
        self._judge(HEAVY, retrain=True)

    def _load(self, set_name: SetName, fouling: FoulingLevel | None = None) -> None:
        self._progress(f"simulator: load {set_name}{' fouled heavily' if fouling else ''}")
        self._fleet.simulator.load(set_name, fouling=fouling)

    def _search(self) -> str:
        """Returns the run that did best, of those this experiment has."""
        self._progress("tracking: search the best hyperparameters of three models, in MLflow")
        experiment = self._record_search().experiment_id
        self._progress("tracking: find the best run")
        best = self._fleet.tracking.best_run(experiment, METRICS)
        self.findings.best_model = best.model
        self.findings.best_metrics = {name: best.metrics[name] for name in METRICS}
        return best.run_id

    def _record_search(self) -> Search:
        """In the first experiment that was not deleted, because a deleted one keeps its name."""
        for number in range(1, NAMES_TRIED + 1):
            try:
                return self._fleet.tracking.optimise(
                    [*GRIDS],
                    GRIDS,
                    scoring="accuracy",
                    cv=5,
                    experiment_name=EXPERIMENT if number == 1 else f"{EXPERIMENT}_{number}",
                    experiment_description="The loop that ./launch.sh demo walks",
                    experiment_owner="mlfleet",
                )
            except ConflictError as error:
                refusal = error
        raise refusal

    def _deploy(self, run_id: str) -> None:
        self._progress(f"tracking → ml_model: set {self.findings.best_model}")
        self._fleet.tracking.set_model(run_id)

    def _train(self) -> None:
        self._progress("ml_model: train on training")
        self.findings.scores["training"] = _accuracy(self._fleet.ml_model.train())

    def _score(self, dataset: ScoredSet, label: str) -> None:
        self._progress(f"ml_model: score on {label}")
        self.findings.scores[label] = _accuracy(self._fleet.ml_model.score(dataset))

    def _judge(self, label: str, *, retrain: bool = False) -> None:
        self._progress(f"monitoring: compare {label} with testing{', retrain on failure' if retrain else ''}")
        drift = self._fleet.monitoring.tests(["data_drift"])
        everything = self._fleet.monitoring.summary(retrain=retrain)
        self.findings.verdicts[label] = Verdict(
            drift_outcome(drift.result.tests),
            overall_outcome(everything.result),
            retraining_outcome(everything.retraining, asked=retrain),
        )


def _accuracy(score: Score) -> float:
    if score.score is None:
        raise StepFailedError(score.message, "Load the wine data that the simulator brings, and try again")
    return score.score


def _what_to_do(error: CallError) -> str:
    if isinstance(error, UnauthorizedError | ForbiddenError):
        return (
            "Set an admin's MLFLEET_USER and MLFLEET_PASSWORD, or MLFLEET_API_KEY, in the environment or in "
            ".env (see .env.example)"
        )
    if isinstance(error, UnexpectedAnswerError):
        return "Another version of the service may be running: ./launch.sh down, and try again"
    if isinstance(error, RefusedError):
        return error.message
    return "See ./launch.sh status, and ./launch.sh logs"
