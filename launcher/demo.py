"""Walks the whole loop on the wine data over HTTP, as any client would."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests

from fleet.errors import FleetError
from launcher.findings import Findings, Verdict, drift_outcome, overall_outcome, retraining_outcome
from launcher.session import local_session

EXPERIMENT = "wine_demo"
NAMES_TRIED = 50
REFERENCE, HEAVY = "production, reference fouling", "production, heavy fouling"
METRICS = ("model_accuracy", "model_f1_score", "model_precision", "model_recall")
SEARCH = {
    "request_information": "optimization",
    "models": ["LogisticRegression", "RandomForest", "SVC"],
    "hyperparameters": {
        "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
        "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
        "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
    },
    "scoring": "accuracy",
    "cv": 5,
    "experiment_description": "The loop that ./launch.sh demo walks",
    "experiment_owner": "mlfleet",
}
ANSWER_SECONDS = 120.0


class StepFailedError(FleetError):
    """A service answered a step of the demo with an error, or not at all."""


class StepConflictError(StepFailedError):
    """A service refused a step of the demo because of what it keeps (409)."""


class Demo:
    """The loop, step by step.

    addresses: URL of each service's own path, by its name. progress: told what each step is about to do.
    """

    def __init__(self, addresses: dict[str, str], progress: Callable[[str], None]) -> None:
        self._addresses = addresses
        self._progress = progress
        self._session = local_session()
        self.findings = Findings()

    def run(self) -> Findings:
        """Raises StepFailedError with the answer of the step that failed."""
        try:
            self._walk()
        except (LookupError, TypeError, ValueError) as error:
            raise StepFailedError(
                f"A service answered something that the demo does not understand: {error!r}",
                "Another version of the service may be running: ./launch.sh down, and try again",
            ) from error
        return self.findings

    def _walk(self) -> None:
        with self._session:
            self._load_data()
            self._deploy(self._search())
            self._score("training")
            self._score("testing")
            self._score("production", REFERENCE)
            self._judge(REFERENCE)
            self._load("production", fouling={"level": "heavy"})
            self._score("production", HEAVY)
            self._judge(HEAVY, retrain=True)

    def _load_data(self) -> None:
        for name in ("dataset", "training", "testing", "production"):
            self._load(name)

    def _load(self, set_name: str, **more: object) -> None:
        fouling = " fouled heavily" if more else ""
        self._progress(f"simulator: load {set_name}{fouling}")
        self._post("simulator", "", {"set_name": set_name, **more})

    def _search(self) -> str:
        """Returns the run that did best, of those this experiment has."""
        self._progress("tracking: search the best hyperparameters of three models, in MLflow")
        experiment = self._record_search()
        self._progress("tracking: find the best run")
        question = {
            "experiment_id": experiment,
            "request_information": "best_model",
            "filter": list(METRICS),
        }
        best = self._post("tracking", "/experiments", question)["data"]
        self.findings.best_model = str(best["model"])
        self.findings.best_metrics = {name: float(best["metrics"][name]) for name in METRICS}
        return str(best["run_id"])

    def _deploy(self, run_id: str) -> None:
        self._progress(f"tracking → ml_model: set {self.findings.best_model}")
        self._post("tracking", "/model_management", {"request_information": "setting", "run_id": run_id})

    def _record_search(self) -> str:
        """Returns the experiment: the first that was not deleted, because a deleted one keeps its name."""
        for number in range(1, NAMES_TRIED + 1):
            name = EXPERIMENT if number == 1 else f"{EXPERIMENT}_{number}"
            try:
                answer = self._post("tracking", "/model_management", {**SEARCH, "experiment_name": name})
            except StepConflictError as error:
                refusal = error
            else:
                return str(answer["data"]["experiment_id"])
        raise refusal

    def _score(self, dataset: str, label: str = "") -> None:
        label = label or dataset
        self._progress(f"ml_model: {'train' if dataset == 'training' else 'score'} on {label}")
        self.findings.scores[label] = float(self._post("ml_model", "", {"dataset": dataset})["score"])

    def _judge(self, label: str, *, retrain: bool = False) -> None:
        self._progress(f"monitoring: compare {label} with testing{', retrain on failure' if retrain else ''}")
        drift = self._post("monitoring", "", {"metric": "tests", "tests": {"data_drift": True}})
        everything = self._post("monitoring", "", {"metric": "summary", "retrain": retrain})
        self.findings.verdicts[label] = Verdict(
            drift_outcome(drift["message"]["tests"]),
            overall_outcome(everything["message"]),
            retraining_outcome(everything, asked=retrain),
        )

    def _post(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = self._addresses[service] + path
        try:
            answer = self._session.post(url, json=body, timeout=ANSWER_SECONDS)
            content: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise StepFailedError(
                f"POST {url} was not answered: {type(error).__name__}", f"See ./launch.sh logs {service}"
            ) from error
        if not answer.ok:
            conflict = answer.status_code == HTTPStatus.CONFLICT
            raise (StepConflictError if conflict else StepFailedError)(
                f"POST {url} was answered {answer.status_code}: {content.get('error')}",
                str(content.get("message", f"See ./launch.sh logs {service}")),
            )
        return content
