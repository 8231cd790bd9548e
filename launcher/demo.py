"""Walks the whole loop on a use case over HTTP, as any client would."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from client import Fleet, RefusedError
from client.experiments import MetricName, Search
from client.ml_model import Score, ScoredSet
from client.monitoring import Check, Retraining, Summary
from client.simulator import FoulingLevel, SetName
from launcher.calling import CallFailedError, calls_told
from launcher.loops import end_loop

NAMES_TRIED = 50
DELETED = "experiment_deleted"
REFERENCE, HEAVY = "production, reference fouling", "production, heavy fouling"

Progress = Callable[[str], None]
Grid = Mapping[str, list[object]]


@dataclass(frozen=True)
class Loop:
    """What the loop is walked on.

    about: the data, in words. sets: those that are loaded. grids: the models that are searched.
    metrics: of the best run, the first of which decides; decimals: as many as are shown of each.
    scored_by: what the scores are.
    """

    use_case: str
    about: str
    experiment: str
    sets: tuple[SetName, ...]
    grids: Mapping[str, Grid]
    scoring: str
    metrics: tuple[MetricName, ...]
    decimals: int
    scored_by: str


@dataclass
class Section:
    """A part of the table: its heading, what stands beside that, and a text by label."""

    heading: str
    value: str = ""
    rows: dict[str, str] = field(default_factory=dict)


@dataclass
class Findings:
    """What the demo shows at its end, in the order in which it was found."""

    title: str
    sections: list[Section] = field(default_factory=list)

    def section(self, heading: str, value: str = "") -> Section:
        """The section of that heading, which is a new one at the end if there is none."""
        for section in self.sections:
            if section.heading == heading:
                return section
        self.sections.append(Section(heading, value))
        return self.sections[-1]

    def table(self) -> Table:
        """The same every time: it shows no times, no ids and no machine."""
        table = Table("", "", title=self.title, title_justify="left", show_header=False)
        for section in self.sections:
            table.add_section()
            table.add_row(section.heading, f"[bold]{section.value}[/]" if section.value else "")
            for label, text in section.rows.items():
                table.add_row(f"  {label}", text)
        return table


WINE = Loop(
    use_case="wine",
    about="the wine data",
    experiment="wine_demo",
    sets=("dataset", "training", "testing", "production"),
    grids={
        "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
        "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
        "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
    },
    scoring="accuracy",
    metrics=("model_accuracy", "model_f1_score", "model_precision", "model_recall"),
    decimals=6,
    scored_by="Accuracy on",
)


class Demo:
    """The loop, step by step.

    fleet: all services. progress: told what each step is about to do. findings: takes what was found;
    the caller's own may hold more already.
    """

    def __init__(
        self, fleet: Fleet, progress: Progress, loop: Loop = WINE, findings: Findings | None = None
    ) -> None:
        self._fleet = fleet
        self._progress = progress
        self._loop = loop
        self.findings = findings or Findings(f"The loop on {loop.about}")

    def run(self) -> Findings:
        """Raises CallFailedError with the answer of the step that failed."""
        with calls_told(by_name=True):
            self._walk()
        return self.findings

    def _walk(self) -> None:
        for name in self._loop.sets:
            self._load(name)
        self._deploy()
        self._train()
        self._score("testing", "testing")
        self._score("production", REFERENCE)
        self._judge(REFERENCE)
        self._load("production", fouling="heavy")
        self._score("production", HEAVY)
        self._judge(HEAVY, retrain=True)

    def _load(self, set_name: SetName, fouling: FoulingLevel | None = None) -> None:
        self._progress(f"simulator: load {set_name}{' fouled heavily' if fouling else ''}")
        self._fleet.simulator.load(set_name, fouling=fouling, use_case=self._loop.use_case)

    def _deploy(self) -> None:
        """Sets the model of the run that did best, of those this experiment has."""
        left = end_loop(self._fleet, self._loop.use_case)
        if left is not None:
            self._progress(f"monitoring: loop {left}, of an earlier demo, is aborted")
        self._progress("tracking: search the best hyperparameters of three models, in MLflow")
        experiment = self._record_search().experiment_id
        self._progress("tracking: find the best run")
        best = self._fleet.tracking.best_run(experiment, self._loop.metrics)
        shown = self.findings.section("Best run", best.model)
        shown.rows = {name: f"{best.metrics[name]:.{self._loop.decimals}f}" for name in self._loop.metrics}
        self._progress(f"tracking → ml_model: set {best.model}")
        self._fleet.tracking.set_model(best.run_id)

    def _record_search(self) -> Search:
        """In the first experiment that was not deleted, because a deleted one keeps its name."""
        loop = self._loop
        for number in range(1, NAMES_TRIED + 1):
            try:
                return self._fleet.tracking.optimise(
                    [*loop.grids],
                    loop.grids,
                    scoring=loop.scoring,
                    cv=5,
                    experiment_name=loop.experiment if number == 1 else f"{loop.experiment}_{number}",
                    experiment_description="The loop that ./launch.sh demo walks",
                    experiment_owner="mlfleet",
                    use_case=loop.use_case,
                )
            except RefusedError as error:
                if error.code != DELETED:
                    raise
                refusal = error
        raise refusal

    def _train(self) -> None:
        self._progress("ml_model: train on training")
        self._show("training", self._fleet.ml_model.train(use_case=self._loop.use_case))

    def _score(self, dataset: ScoredSet, label: str) -> None:
        self._progress(f"ml_model: score on {label}")
        self._show(label, self._fleet.ml_model.score(dataset, use_case=self._loop.use_case))

    def _show(self, label: str, score: Score) -> None:
        if score.score is None:
            raise CallFailedError(score.message, "Load the data that the simulator brings, and try again")
        self.findings.section(self._loop.scored_by).rows[label] = score_text(score)

    def _judge(self, label: str, *, retrain: bool = False) -> None:
        self._progress(f"monitoring: compare {label} with testing{', retrain on failure' if retrain else ''}")
        use_case = self._loop.use_case
        drift = self._fleet.monitoring.tests(["data_drift"], use_case=use_case)
        everything = self._fleet.monitoring.summary(retrain=retrain, use_case=use_case)
        self.findings.section(f"Monitoring: {label}").rows = {
            "data drift": drift_outcome(drift.result.tests),
            "all checks": overall_outcome(everything.result),
            "retraining": retraining_outcome(everything.retraining, asked=retrain),
        }


def score_text(score: Score) -> str:
    """How well a model did: its accuracy, or R² and the mean error in units of the target."""
    if score.score is None:
        return "unknown"
    if "r2" in score.metrics:
        return f"R² {score.score:.3f}, MAE {score.metrics['mae']:.2f}"
    return f"{score.score:.2%}"


def drift_outcome(checks: Sequence[Check]) -> str:
    """In words, what monitoring's checks of the group data_drift say."""
    overall = next(check for check in checks if check.name == "share_of_drifted_columns")
    columns = [check for check in checks if check.name == "column_drift"]
    drifted = sum(check.status == "FAIL" for check in columns)
    word = "no drift" if overall.status == "SUCCESS" else "DRIFT"
    return f"{word}: {drifted} of {len(columns)} columns"


def overall_outcome(summary: Summary) -> str:
    """In words, monitoring's summary of all groups."""
    word = "passed" if summary.all_passed else "failed"
    return f"{word}: {summary.success_tests} of {summary.total_tests} tests passed"


def retraining_outcome(retraining: Retraining | None, *, asked: bool) -> str:
    """In words, whether monitoring searches for a better model."""
    if not asked:
        return "not asked for"
    if retraining is None:
        return "not needed"
    return "a loop has begun"
