"""The fire brigade's demo: from raw records to a prediction, and then round the loop."""

import time
from dataclasses import replace
from typing import Any

from client import Fleet
from client.fire_brigade import Job
from launcher.calling import CallFailedError, calls_told
from launcher.demo import Demo, Loop, Progress
from launcher.findings import Findings

DISTANCE_KM, STATION = 5.2, "Acton"
PUBLISHED, MADE_UP, KEPT = (
    "as published",
    "MADE UP, as the published ones cannot be had",
    "those that were there",
)
CHANGED_SINCE = "The user admin has another password by now than the file fire_brigade_passwords says"
NOT_HAD = "download_failed"
POLL_S = 0.25
LONGEST_JOB_S = 3600.0
COUNTS = {
    "incident_rows": "incidents of the years",
    "mobilisation_rows": "mobilisations of the years",
    "incident_cleaned_rows": "incidents cleaned",
    "mobilisation_cleaned_rows": "mobilisations cleaned",
    "joined_rows": "joined",
    "feature_rows": "features",
}
LOOP = Loop(
    use_case="fire_brigade",
    about="the fire brigade's records",
    experiment="fire_brigade_demo",
    sets=("training", "testing", "production"),
    grids={
        "LinearRegression": {"fit_intercept": [True]},
        "Ridge": {"alpha": [0.1, 1, 10]},
        "GradientBoostingRegressor": {"n_estimators": [50, 100], "max_depth": [2, 3]},
    },
    scoring="neg_mean_absolute_error",
    metrics=("model_mae", "model_rmse", "model_r2", "model_max_error"),
    decimals=3,
    scored_by="Scores, errors in seconds",
)


class FireBrigadeDemo:
    """fleet: all services, with an admin's credentials for fire_brigade. progress: as of Demo."""

    def __init__(self, fleet: Fleet, progress: Progress) -> None:
        self._fleet = fleet
        self._brigade = fleet.fire_brigade
        self._progress = progress
        self._findings = Findings(f"From raw records round the loop on {LOOP.about}")

    def run(self) -> Findings:
        """Raises CallFailedError with the answer of the step that failed."""
        with calls_told(by_name=True, unauthorized=CHANGED_SINCE):
            records = self._fetch()
            self._build()
            self._model()
        # Made-up records in an experiment of their own: the best run is sought among all that one has.
        loop = replace(LOOP, experiment=f"{LOOP.experiment}_made_up") if records == MADE_UP else LOOP
        return Demo(self._fleet, self._progress, loop, self._findings).run()

    def _fetch(self) -> str:
        """Has the records processed, and says which they are: others if the published ones cannot be had."""
        self._progress("fire_brigade: fetch the published records")
        fetched = self._wait_for(self._brigade.process_data(attempts=1).job_id)
        if fetched.result is not None:
            self._show_records(PUBLISHED, fetched.result)
            return PUBLISHED
        failed = _failed(fetched)
        if (fetched.error or {}).get("code") != NOT_HAD:
            raise failed
        self._progress(f"fire_brigade: that failed: {failed.error}")
        made = self._wait_for(self._brigade.process_data(made_up=True).job_id)
        if made.result is None:
            raise _failed(made)
        records = MADE_UP if made.result["made_up"] else KEPT
        self._progress(f"fire_brigade: the records are {records}")
        self._show_records(records, made.result)
        return records

    def _wait_for(self, job_id: str) -> Job:
        """The job once it has ended."""
        deadline, told = time.monotonic() + LONGEST_JOB_S, ""
        while (job := self._brigade.job(job_id)).status in ("queued", "running"):
            if time.monotonic() > deadline:
                raise CallFailedError(
                    "Processing the records took too long", "See ./launch.sh logs fire_brigade"
                )
            if job.detail and job.detail != told:
                self._progress(f"fire_brigade: {job.detail} ({job.progress:.0%})")
                told = job.detail
            time.sleep(POLL_S)
        return job

    def _show_records(self, which: str, result: dict[str, Any]) -> None:
        section = self._findings.section("Records", which)
        for kind in ("incident", "mobilisation"):
            if kind in result:
                figures = result[kind]
                section.rows[f"{kind}s: fetched, of the years"] = f"{figures['rows']}, {figures['kept']}"

    def _build(self) -> None:
        self._progress("fire_brigade: build features")
        counts = self._brigade.build_features().counts
        rows = {label: str(counts[name]) for name, label in COUNTS.items()}
        self._findings.section("Rows after each step").rows = rows

    def _model(self) -> None:
        self._progress("fire_brigade: train the model")
        scores = self._brigade.train_model()
        shown = self._findings.section("fire_brigade's own model, a linear regression")
        shown.rows = {name: f"{value:.3f}" for name, value in scores.model_dump().items()}
        self._progress(f"fire_brigade: predict {DISTANCE_KM} km from {STATION}")
        seconds = self._brigade.predict(DISTANCE_KM, STATION).predicted_attendance_time
        shown.rows[f"{DISTANCE_KM} km from {STATION}"] = f"{seconds:.2f} s"


def _failed(job: Job) -> CallFailedError:
    error = job.error or {}
    return CallFailedError(str(error.get("error")), str(error.get("message")))
