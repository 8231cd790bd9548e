"""How fast a large use case loads and is scored over REST, and what memory that takes.

    python -m tests.benchmarks.load_and_score [--rows 2500000] [--model RandomForest]
        [--hyperparameters '{"max_depth": 10, "max_samples": 0.05}']

Starts a PostgreSQL, a simulator and an ml_model of its own, and prints one Markdown table: loading beside
`psql \\copy` of the same rows from CSV files into identical tables, scoring, of two fifths of the
rows, beside a bare `predict` of the same scikit-learn pipeline on the same rows.
"""

import argparse
import json
import os
import secrets
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests
import yaml
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.embedded import programs_folder
from db.sets import SetName, read_set
from db.use_cases import DATASETS, register_use_case
from fleet.catalogue import CATALOGUE, build_pipeline
from ml_model.persistence.model.deployment import ModelChoice
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from tests.benchmarks.memory import PeakMemory
from tests.benchmarks.psql_copy import Psql, copy_set, export_set
from tests.running import RunningService, running_database, running_service

FEATURES = 13
CLASSES = 3
IDLE_S = 2
SETS: tuple[SetName, ...] = ("training", "testing", "production")


@dataclass
class Timing:
    """Seconds by set: of ours, and of the yardstick; rows by set."""

    rows: dict[str, int] = field(default_factory=dict)
    ours: dict[str, float] = field(default_factory=dict)
    yardstick: dict[str, float] = field(default_factory=dict)


def definition(name: str, rows: int) -> dict[str, Any]:
    """A use-case definition, as its file holds it."""
    return {
        "name": name,
        "task": "classification",
        "target": "cloud",
        "features": [{"name": f"feature_{number}"} for number in range(FEATURES)],
        "source": {"kind": "synthetic", "rows": rows, "classes": CLASSES},
    }


def post(address: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The answer, and the seconds it took."""
    start = time.perf_counter()
    response = requests.post(address, json=body, timeout=3600)
    seconds = time.perf_counter() - start
    if response.status_code != 200:
        raise RuntimeError(f"{address} answered {response.status_code}: {response.text}")
    return response.json(), seconds


def measure_loading(simulator: RunningService, psql: Psql, use_case: UseCase, folder: Path) -> Timing:
    """Load each set over REST, then the same rows with \\copy."""
    timing = Timing()
    columns = ["dataset_id", "sample_index", *use_case.feature_names, "origin"]
    for name in SETS:
        body = {"set_name": name, "use_case": use_case.name}
        answer, timing.ours[name] = post(f"{simulator.address}/root/simulator", body)
        timing.rows[name] = answer["rows"]
        export_set(psql, use_case.name, DATASETS[name], columns, folder)
        psql.run("CHECKPOINT")
        timing.yardstick[name] = copy_set(psql, f"{use_case.name}_copied", columns, folder)
        psql.run("CHECKPOINT")
    return timing


def measure_scoring(
    ml_model: RunningService, url: str, use_case: UseCase, chosen: ModelChoice, memory: PeakMemory
) -> Timing:
    """Score each set over REST, results stored, then predict the same rows in this process."""
    timing = Timing()
    memory.add("idle", ml_model.process.pid)
    base = f"{ml_model.address}/root/ml"
    time.sleep(IDLE_S)
    memory.add("training", ml_model.process.pid)
    model = {"model_name": chosen.model_name, "hyperparameters": chosen.hyperparameters}
    post(f"{base}/set_model", {**model, "use_case": use_case.name})
    post(base, {"dataset": "training", "use_case": use_case.name})  # fits, and is not timed
    memory.add("scoring", ml_model.process.pid)
    pipeline = build_pipeline(chosen.model_name, chosen.hyperparameters, classes=CLASSES)
    engine = create_engine(url)
    with Session(engine) as session:
        training = read_set(session, use_case, "training")
        pipeline.fit(training.features, training.target)
        for name in SETS[1:]:
            answer, timing.ours[name] = post(base, {"dataset": name, "use_case": use_case.name})
            block = read_set(session, use_case, name)
            start = time.perf_counter()
            predicted = pipeline.predict(block.features)
            timing.yardstick[name] = time.perf_counter() - start
            timing.rows[name] = len(block)
            accuracy = float(np.mean(predicted == block.target))
            if abs(accuracy - answer["score"]) > 1e-3:
                raise RuntimeError(f"accuracies differ on {name}: {answer['score']} and {accuracy}")
    engine.dispose()
    return timing


def run(rows: int, chosen: ModelChoice, folder: Path) -> str:
    """Start everything, measure, stop everything; returns the table."""
    use_cases = folder / "use_cases"
    use_cases.mkdir()
    described = definition("large", rows)
    (use_cases / "large.yml").write_text(yaml.safe_dump(described), encoding="utf-8")
    use_case = SimulatedUseCase.model_validate(described).definition
    with ExitStack() as stack:
        url = stack.enter_context(running_database(folder))
        register_copy(url, use_case)
        memory = PeakMemory()
        simulator = stack.enter_context(
            running_service("simulator", folder, database_url=url, use_cases_dir=str(use_cases))
        )
        ml_model = stack.enter_context(
            running_service(
                "ml_model",
                folder,
                database_url=url,
                artifact_key=secrets.token_hex(16),
            )
        )
        memory.add("loading", simulator.process.pid)
        stack.enter_context(memory)
        psql = Psql(programs_folder() / "psql", url)
        loading = measure_loading(simulator, psql, use_case, folder)
        scoring = measure_scoring(ml_model, url, use_case, chosen, memory)
        return table(loading, scoring, memory.peaks, chosen.model_name)


def register_copy(url: str, use_case: UseCase) -> None:
    """Tables like those of the use case, for the yardstick to load."""
    engine = create_engine(url)
    copied = use_case.model_copy(update={"name": f"{use_case.name}_copied"})
    with Session(engine) as session:
        tables = register_use_case(session, copied)
        session.execute(
            tables.datasets.insert(),
            [{"dataset_id": number, "name": name} for name, number in DATASETS.items()],
        )
        session.commit()
    engine.dispose()


def table(loading: Timing, scoring: Timing, peaks: dict[str, int], model: str) -> str:
    """All figures as one Markdown table."""
    lines = [
        "| | rows | over REST, rows/s | yardstick, rows/s | ratio | peak memory |",
        "|---|--:|--:|--:|--:|--:|",
        *_lines("load", "`psql \\copy` of CSV", loading, peaks["loading"]),
        *_lines(f"score, {model}", "bare `predict`", scoring, peaks["scoring"]),
    ]
    machine = f"{os.cpu_count()} cores, {sum(loading.rows.values())} rows of {FEATURES} features"
    memory = "ml_model takes {idle} MiB idle, {training} in training, {scoring} in scoring".format(
        **{name: peak >> 20 for name, peak in peaks.items()}
    )
    return "\n".join([*lines, "", f"{machine}; {memory}."])


def _lines(what: str, yardstick: str, timing: Timing, peak: int) -> list[str]:
    lines = []
    names = list(timing.rows)
    for label, chosen in [*((name, [name]) for name in names), ("**all**", names)]:
        rows = sum(timing.rows[name] for name in chosen)
        ours = rows / sum(timing.ours[name] for name in chosen)
        other = rows / sum(timing.yardstick[name] for name in chosen)
        memory = f"{peak / 2**20:.0f} MiB" if len(chosen) > 1 else ""
        lines.append(
            f"| {what}: {label} | {rows} | {ours:.0f} | {other:.0f} ({yardstick}) "
            f"| {ours / other:.2f} | {memory} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_500_000, help="of all three sets together")
    parser.add_argument("--model", choices=list(CATALOGUE), default="LogisticRegression")
    parser.add_argument("--hyperparameters", type=json.loads, default={}, help="as JSON")
    asked = parser.parse_args()
    chosen = ModelChoice(
        model_name=asked.model, hyperparameters=asked.hyperparameters, preprocessing="standard_scaler"
    )
    with tempfile.TemporaryDirectory() as folder:
        print(run(asked.rows, chosen, Path(folder)))  # noqa: T201  # what it is for


if __name__ == "__main__":
    main()
