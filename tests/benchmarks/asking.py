"""How long questions about very many runs take over REST, and whether MLflow says the same.

    python -m tests.benchmarks.asking [--runs 10000] [--experiments 200] [--by-mlflow]

Starts a PostgreSQL, an MLflow, a simulator and a tracking of its own, and fills MLflow's database: as many
finished runs in one experiment, and as many experiments of ten runs beside it. Prints one Markdown table.
With --by-mlflow the same is asked of a tracking that does not know MLflow's database, and must be the same.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import create_engine, text

from db.embedded import ensure_database
from tests.mlflow_server import MlflowServer
from tests.running import running_database, running_service

ROUNDS = 5
SECONDS = 600
FIRST = 1000  # the large experiment; the others follow
RUNS_OF_OTHERS = 10
METRICS = ("accuracy", "f1_score", "precision", "recall")
FILL = (
    """INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,
           last_update_time, workspace)
       SELECT :first + n, 'experiment ' || n, 'mlflow-artifacts:/' || n, 'active', 1700000000000 + n,
              1700000000000, 'default'
       FROM generate_series(0, :others) AS n""",
    """INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage,
           artifact_uri, experiment_id, user_id, source_name, entry_point_name, source_version)
       SELECT md5(experiment || '/' || n), 'run ' || n, 'LOCAL', 'FINISHED', 1700000000000 + 1000 * n,
              1700000000000 + 1000 * n + 900, 'active', 'mlflow-artifacts:/x', experiment, 'user', '', '', ''
       FROM generate_series(CAST(:first AS int), :first + :others) AS experiment,
            LATERAL generate_series(1, CASE WHEN experiment = :first THEN :runs ELSE :of_others END) AS n""",
    """INSERT INTO tags (key, value, run_uuid)
       SELECT key, value, run_uuid FROM runs, (VALUES ('model_type', 'SVC'), ('use_case', 'wine'),
            ('experiment_type', 'GridSearch_CrossValidation'), ('preprocessing', 'standard_scaler'),
            ('recorded_by', 'x'), ('recording', 'x')) AS told (key, value)""",
    """INSERT INTO params (key, value, run_uuid)
       SELECT 'model_p' || n, 'value ' || n, run_uuid FROM runs, generate_series(1, 20) AS n""",
    r"""INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
       SELECT key, CAST(CAST('x' || substr(md5(run_uuid || key), 1, 7) AS bit(28)) AS int) / 268435456.0,
              1, 0, false, run_uuid
       FROM runs, unnest(CAST(:metrics AS text[])) AS key""",
    "ANALYZE",
)
Question = Callable[[str], requests.Response]


@dataclass(frozen=True)
class Answered:
    """seconds: the median of the rounds."""

    seconds: float
    answer: Any


def fill(backend: str, runs: int, experiments: int) -> None:
    """Runs as tracking records them, straight into MLflow's database."""
    values = {
        "first": FIRST,
        "others": experiments,
        "runs": runs,
        "of_others": RUNS_OF_OTHERS,
        "metrics": [*(f"model_{name}" for name in METRICS), "system_execution_time", "system_cpu_usage"],
    }
    engine = create_engine(backend)
    with engine.begin() as connection:
        for statement in FILL:
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), wanted)
    engine.dispose()


def questions() -> dict[str, Question]:
    """What is asked, by how it is called in the table."""

    def get(path: str, **query: Any) -> Question:
        return lambda tracking: requests.get(f"{tracking}{path}", params=query, timeout=SECONDS)

    def about(**body: Any) -> Question:
        asked = {"experiment_id": str(FIRST), **body}
        return lambda tracking: requests.post(f"{tracking}/experiments", json=asked, timeout=SECONDS)

    return {
        "`general`": about(request_information="general"),
        "`best_model`": about(request_information="best_model", filter=["model_accuracy", "model_recall"]),
        "`statistics`": about(request_information="statistics"),
        "leaderboard, 100 runs": get("/leaderboard", limit=100),
        "`GET /experiments`, with counts": get("/experiments"),
        "a page of 100 runs": get("/runs", experiment_id=FIRST, limit=100),
        "the whole list of runs": get("/runs", experiment_id=FIRST),
    }


def ask(tracking: str, rounds: int) -> dict[str, Answered]:
    """Every question, so many times."""
    answered = {}
    for name, question in questions().items():
        seconds = []
        for _ in range(rounds):
            started = time.perf_counter()
            answer = question(tracking)
            seconds.append(time.perf_counter() - started)
            answer.raise_for_status()
        told = answer.json()
        told.pop("next_page_token", None)  # each way has its own
        answered[name] = Answered(sorted(seconds)[rounds // 2], told)
    return answered


def measure(
    place: Path, runs: int, experiments: int, *, by_mlflow: bool
) -> tuple[dict[str, Answered], dict[str, Answered]]:
    """What tracking answers from MLflow's database, and, if that is asked for, by MLflow."""
    with ExitStack() as stack:
        url = stack.enter_context(running_database(place))
        backend = ensure_database(url, "mlflow")
        mlflow = MlflowServer(backend, place / "mlflow").start()
        stack.callback(mlflow.stop)
        fill(backend, runs, experiments)
        with running_service("simulator", place, database_url=url):
            pass  # registers the use cases

        def asked(rounds: int, **more: str) -> dict[str, Answered]:
            told = {"mlflow_url": mlflow.url, "mlflow_timeout_s": "60", "log_level": "ERROR", **more}
            with running_service("tracking", place, port=None, database_url=url, **told) as tracking:
                return ask(f"{tracking.address}/root/tracking", rounds)

        return asked(ROUNDS, mlflow_database_url=backend), asked(1) if by_mlflow else {}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--by-mlflow", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quick, slow = measure(Path(folder), asked.runs, asked.experiments, by_mlflow=asked.by_mlflow)
    print(f"| {asked.runs} runs, {asked.experiments} other experiments | s | by MLflow, s |\n|---|--:|--:|")  # noqa: T201
    for name, each in quick.items():
        print(f"| {name} | {each.seconds:.3f} | {f'{slow[name].seconds:.1f}' if slow else ''} |")  # noqa: T201
    different = [name for name in slow if quick[name].answer != slow[name].answer]
    if different:
        print(f"\nMLflow answers otherwise: {', '.join(different)}")  # noqa: T201
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
