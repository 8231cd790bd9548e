"""How long the truth about a million samples takes over HTTP, in random order, and again.

    python -m tests.benchmarks.feedback [--rows 1000000] [--at-once 250000] [--task classification]

Starts a PostgreSQL, a simulator and an ml_model of its own, and makes as many samples. The truth goes in
several requests, as a body may have MAX_BODY_BYTES (16 MiB): numbers with many digits are long. Exits with 1
if anything is not stored, or changes when it is told again. Prints one Markdown table.
"""

import argparse
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, text

from tests.benchmarks.load_and_score import post
from tests.running import running_database, running_service

FIRST = 2_000_000_001
SEED = 1
USE_CASES = {"classification": "wine", "regression": "fire_brigade"}
SAMPLES = {
    use_case: text(
        f"INSERT INTO {use_case}.samples (dataset_id, sample_index) "  # noqa: S608  # names of our own
        "SELECT 3, :first + number FROM generate_series(0, :count - 1) AS number"
    )
    for use_case in USE_CASES.values()
}
OUTCOMES = ("stored", "replaced", "unchanged", "unknown")


@dataclass(frozen=True)
class Told:
    """seconds: for all requests together; outcome: their sums, in the order of OUTCOMES."""

    seconds: float
    outcome: tuple[int, ...]


def make_samples(url: str, use_case: str, count: int) -> list[int]:
    """Samples that wait for their truth: their numbers, in random order."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(SAMPLES[use_case], {"first": FIRST, "count": count})
    engine.dispose()
    numbers: list[int] = (np.random.default_rng(SEED).permutation(count) + FIRST).tolist()
    return numbers


def truths(task: str, count: int) -> list[float]:
    """A class, or a number with all its digits, for each."""
    generator = np.random.default_rng(SEED)
    drawn = generator.integers(0, 3, count) if task == "classification" else generator.uniform(0, 1000, count)
    made: list[float] = drawn.tolist()
    return made


def tell(address: str, use_case: str, numbers: list[int], target: list[float], at_once: int) -> Told:
    """All of them, so many at once."""
    outcome, start = np.zeros(len(OUTCOMES), int), time.perf_counter()
    for first in range(0, len(numbers), at_once):
        part = slice(first, first + at_once)
        body: dict[str, Any] = {"use_case": use_case, "sample_index": numbers[part], "target": target[part]}
        answer, _ = post(f"{address}/root/ml/feedback", body)
        outcome += [answer[name] for name in OUTCOMES]
    return Told(time.perf_counter() - start, tuple(outcome.tolist()))


def measure(folder: Path, task: str, count: int, at_once: int) -> list[Told]:
    """The truth, told twice."""
    use_case = USE_CASES[task]
    with running_database(folder) as url:
        with running_service("simulator", folder, database_url=url):
            pass  # registers the use cases, and makes their tables
        numbers = make_samples(url, use_case, count)
        target = truths(task, count)
        key = secrets.token_hex(16)
        with running_service("ml_model", folder, database_url=url, artifact_key=key) as service:
            return [tell(service.address, use_case, numbers, target, at_once) for _ in range(2)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--at-once", type=int, default=250_000, help="in one request")
    parser.add_argument("--task", choices=list(USE_CASES), default="classification")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, again = measure(Path(folder), asked.task, asked.rows, asked.at_once)
    lines = [f"| | seconds | {' | '.join(OUTCOMES)} |", "|---|--:|--:|--:|--:|--:|"]
    for name, told in (("told", first), ("told again", again)):
        lines.append(f"| {name} | {told.seconds:.1f} | {' | '.join(map(str, told.outcome))} |")
    print("\n".join(lines))  # noqa: T201  # what it is for
    well = first.outcome == (asked.rows, 0, 0, 0) and again.outcome == (0, 0, asked.rows, 0)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
