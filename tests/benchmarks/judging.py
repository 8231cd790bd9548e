"""How fast production is judged over REST, beside Evidently with its own reading; and how long many rows of
production hold up a verdict on a few of them.

    python -m tests.benchmarks.judging [--rows 36 200000 1000000] [--production 10000000]

Starts a PostgreSQL and a monitoring of its own. `--rows` are those of testing and of production, 13 columns
each; `--production` are the rows among which a window of 10 000 is judged.
"""

import argparse
import secrets
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import requests
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, insert, text
from sqlalchemy.orm import Session

from db.copying import copy_in
from db.definition import UseCase
from db.sets import SetName
from db.shared import ActivationRow, DeploymentRow
from db.snapshots import SnapshotRepository
from db.tables import FIRST_LIVE_INDEX
from db.use_cases import DATASETS, register_use_case
from tests.benchmarks.memory import PeakMemory
from tests.running import RunningService, running_database, running_service

FEATURES, CLASSES, RIGHT = 13, 3, 0.9
MOST_LEARNED, WINDOW, TESTED = 10_000, 10_000, 1000
BLOCK = 200_000
WARM_S = 120.0
SETS: tuple[SetName, ...] = ("training", "testing", "production")


def fill(url: str, name: str, rows: Mapping[SetName, int]) -> UseCase:
    """A use case with these rows, and a live model that has predicted nine in ten of them."""
    use_case = UseCase(
        name=name,
        task="classification",
        target="cloud",
        features=[{"name": f"feature_{number}"} for number in range(FEATURES)],
    )
    engine = create_engine(url)
    with Session(engine) as session:
        tables = register_use_case(session, use_case)
        session.execute(insert(tables.datasets), [{"dataset_id": n, "name": s} for s, n in DATASETS.items()])
        model = {"use_case": name, "model_name": "LogisticRegression", "hyperparameters": {}}
        statement = insert(DeploymentRow).values(**model, preprocessing="none")
        deployment = session.execute(statement.returning(DeploymentRow.id)).scalar_one()
        role = {"deployment_id": deployment, "use_case": name, "role": "active"}
        session.execute(insert(ActivationRow).values(**role))
        first = 1
        for each in SETS:
            start = FIRST_LIVE_INDEX if each == "production" else first
            for table in ("samples", "targets", "predictions"):
                blocks = _blocks(table, each, start, rows[each], deployment)
                copy_in(session, getattr(tables, table), blocks)
            first += rows[each]
        snapshot = SnapshotRepository(session).take(use_case, None, actor="benchmark").snapshot.id
        session.get_one(DeploymentRow, deployment).snapshot_id = snapshot
        session.commit()
        session.execute(text(f"ANALYZE {name}.samples, {name}.targets, {name}.predictions"))
        session.commit()
    engine.dispose()
    return use_case


def _blocks(
    table: str, name: SetName, first: int, rows: int, deployment: int
) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    for start in range(0, rows, BLOCK):
        random = np.random.default_rng([DATASETS[name], start])
        numbers = first + np.arange(start, min(start + BLOCK, rows))
        features = {f"feature_{column}": random.normal(size=len(numbers)) for column in range(FEATURES)}
        truth = random.integers(0, CLASSES, len(numbers))
        wrong = random.random(len(numbers)) > RIGHT
        if table == "samples":
            ids = np.full(len(numbers), DATASETS[name])
            yield {"dataset_id": ids, "sample_index": numbers, **features}
        elif table == "targets":
            yield {"sample_index": numbers, "target_index": numbers, "class": truth}
        else:
            said = np.where(wrong, (truth + 1) % CLASSES, truth)
            yield {
                "sample_index": numbers,
                "prediction_index": numbers,
                "class": said,
                "probability": random.uniform(0.4, 1, len(numbers)),
                "deployment_id": np.full(len(numbers), deployment),
            }


def ask(service: RunningService, **body: Any) -> tuple[dict[str, Any], float]:
    """The answer, and the seconds it took."""
    start = time.perf_counter()
    response = requests.post(f"{service.address}/root/monitoring", json=body, timeout=3600)
    seconds = time.perf_counter() - start
    if response.status_code != 200:
        raise RuntimeError(response.text)
    found: dict[str, Any] = response.json()
    return found, seconds


def wait_until_warm(service: RunningService) -> None:
    """Returns when its start, of which the last part goes on beside the first answers, has ended."""
    deadline = time.monotonic() + WARM_S
    while "Evidently is warm" not in service.log.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"It was not warm after {WARM_S:.0f} s")
        time.sleep(0.1)


def evidently(url: str, use_case: UseCase) -> float:
    """Seconds that its presets with tests take, with reading both sets as its users do."""
    from evidently import DataDefinition, Dataset, MulticlassClassification, Report  # noqa: PLC0415  # slow
    from evidently.presets import (  # noqa: PLC0415
        ClassificationPreset,
        DataDriftPreset,
        DataSummaryPreset,
    )

    start = time.perf_counter()
    engine = create_engine(url)
    query = (
        "SELECT {columns}, t.class AS target, p.class AS prediction FROM {name}.samples AS s"
        " JOIN {name}.targets AS t USING (sample_index) JOIN {name}.predictions AS p USING (sample_index)"
        " WHERE s.dataset_id = {dataset}"
    )
    definition = DataDefinition(
        numerical_columns=list(use_case.feature_names),
        categorical_columns=["target", "prediction"],
        classification=[MulticlassClassification(target="target", prediction_labels="prediction")],
    )
    sides = []
    for name in ("testing", "production"):
        told = {"columns": ", ".join(use_case.feature_names), "name": use_case.name}
        frame = pd.read_sql(query.format(**told, dataset=DATASETS[name]), engine)
        sides.append(Dataset.from_pandas(frame, definition))
    presets = [DataDriftPreset(), DataSummaryPreset(), ClassificationPreset()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Report(presets, include_tests=True).run(sides[1], sides[0]).dict()
    engine.dispose()
    return time.perf_counter() - start


def compare(url: str, folder: Path, sizes: list[int], settings: dict[str, Any]) -> Table:
    """Every size: all checks, a verdict on all of production for the first time and again; and Evidently."""
    titles = (
        "rows",
        "all checks, s",
        "verdict, first, s",
        "verdict, s",
        "peak, MiB",
        "Evidently, s",
        "times",
    )
    table = Table(*titles, title="testing and production of so many rows by 13, over REST")
    for rows in sizes:
        name = f"clouds_{rows}"
        use_case = fill(url, name, {"training": min(rows, MOST_LEARNED), "testing": rows, "production": rows})
        with running_service("monitoring", folder, **settings) as service, PeakMemory() as memory:
            wait_until_warm(service)
            memory.add("monitoring", service.process.pid)
            ask(service, metric="tests", use_case=name, window={"last": min(rows, TESTED)})
            checks = min(ask(service, metric="tests", use_case=name)[1] for _ in range(3))
            whole = {"metric": "verdict", "use_case": name, "window": {"last": rows}}
            first = ask(service, **whole)[1]
            again = min(ask(service, **whole)[1] for _ in range(3))
        theirs = evidently(url, use_case)
        figures = (
            f"{checks:.2f}",
            f"{first:.2f}",
            f"{again:.2f}",
            f"{memory.peaks['monitoring'] / 2**20:.0f}",
        )
        table.add_row(f"{rows:,}", *figures, f"{theirs:.1f}", f"{theirs / checks:.0f}")
    return table


def among_many(url: str, folder: Path, rows: int, settings: dict[str, Any]) -> Table:
    """A verdict on the last of many rows, for the first time, again, and pooled with two windows before."""
    table = Table("what", "s", title=f"a window of {WINDOW:,} among {rows:,} rows of production, over REST")
    fill(url, "many", {"training": MOST_LEARNED, "testing": MOST_LEARNED, "production": rows})
    with running_service("monitoring", folder, **settings) as service:
        wait_until_warm(service)

        def judged(what: str, window: dict[str, Any]) -> None:
            found, seconds = ask(service, metric="verdict", use_case="many", window=window)
            table.add_row(f"{what}: {found['message']['verdict']}", f"{seconds:.2f}")

        last = FIRST_LIVE_INDEX + rows - 1
        judged("first", {"rows": [last - 4 * WINDOW + 1, last - 3 * WINDOW]})
        judged("again", {"rows": [last - 4 * WINDOW + 1, last - 3 * WINDOW]})
        judged("with one before", {"rows": [last - 2 * WINDOW + 1, last - WINDOW]})
        judged("with two before", {"last": WINDOW})
        judged("with two before, again", {"last": WINDOW})
    return table


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[36, 200_000, 1_000_000])
    parser.add_argument("--production", type=int, default=10_000_000, help="0: not measured")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(running_database(folder))
        settings = {"database_url": url, "sibling_key": secrets.token_hex()}
        measured: list[Callable[[], Table]] = []
        if asked.production:
            measured.append(lambda: among_many(url, folder, asked.production, settings))
        if asked.rows:
            measured.append(lambda: compare(url, folder, asked.rows, settings))
        for measure in measured:
            Console(width=110).print(measure())


if __name__ == "__main__":
    main()
