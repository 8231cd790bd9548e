"""Load on ml_model for minutes, with models that change under it and every answer checked.

    python -m tests.benchmarks.endurance [--minutes 10] [--kill]

Starts a PostgreSQL, a simulator and an ml_model with two workers. The active deployment changes every 10 s,
and is rolled back every minute; each answer must be that of the deployment it names, its probabilities
included. Memory may differ by 5 % from its middle, once a third of the time is over. --kill: instead, one
worker is killed (-9) in the middle. Exits with 1 if anything is not as it should be.
"""

import argparse
import itertools
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import requests
from sklearn.datasets import load_wine
from sqlalchemy import create_engine, text

from tests.benchmarks.load_and_score import post
from tests.running import RunningService, running_database, running_service

MODELS = ("LogisticRegression", "SVC", "RandomForest")
CLIENTS = 8
FLUSH_S = 0.2
WRITING_S = 1.0  # a machine under test has more to do than to store
LATE_S = 0.5  # after which an answer that had been given may be noticed
MEMORY_SPREAD = 0.05
TOLERANCE = 1e-9  # of a probability
WINE: list[list[float]] = load_wine().data.tolist()


@dataclass(frozen=True)
class Said:
    """What a deployment says of every wine; probabilities: None where it has none."""

    labels: list[int]
    probabilities: npt.NDArray[np.float64] | None

    def agrees(self, wine: int, body: dict[str, Any]) -> bool:
        """Whether an answer about this one wine is the deployment's."""
        if body["predictions"] != [self.labels[wine]]:
            return False
        given = body["probabilities"]
        if self.probabilities is None or given is None:
            return self.probabilities is None and given is None
        return bool(np.allclose(given, self.probabilities[[wine]], rtol=0, atol=TOLERANCE))


@dataclass
class Endured:
    """What came of it. answered: sample_index and time of each answer; memory: bytes of the workers."""

    answered: list[tuple[int, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    deployments: set[int] = field(default_factory=set)
    changes: int = 0
    memory: list[int] = field(default_factory=list)


def said_by(address: str) -> Said:
    """Row by row, as it is asked later: of several at once the last digits are others."""
    labels, probabilities = [], []
    for wine in WINE:
        answer, _ = post(
            address, {"inputs": [{"name": "features", "shape": [1, 13], "datatype": "FP64", "data": wine}]}
        )
        data = {each["name"]: each["data"] for each in answer["outputs"]}
        labels += data["predictions"]
        probabilities.append(data.get("probabilities"))
    return Said(labels, None if probabilities[0] is None else np.array(probabilities))


@contextmanager
def prepared(url: str, folder: Path) -> Iterator[tuple[RunningService, dict[int, Said]]]:
    """ml_model with two workers, and what each of three deployments says of every wine."""
    told: dict[str, Any] = {"database_url": url}
    with running_service("simulator", folder, **told) as simulator:
        post(f"{simulator.address}/root/simulator", {"set_name": "training"})
    told |= {"artifact_key": secrets.token_hex(16), "workers": "2", "live_flush_s": str(FLUSH_S)}
    with running_service("ml_model", folder, **told, log_level="WARNING") as service:
        base = f"{service.address}/root/ml"
        said = {}
        for name in MODELS:
            deployment, _ = post(f"{base}/set_model", {"model_name": name})
            post(base, {"dataset": "training"})
            number = deployment["deployment_id"]
            said[number] = said_by(f"{service.address}/v2/models/wine/versions/{number}/infer")
        yield service, said


def ask(  # one client's whole life
    address: str,
    said: dict[int, Said],
    endured: Endured,
    stop: threading.Event,
    *,
    start: int,
    pause_s: float,
) -> None:
    """One client: one row after the other, each answer checked."""
    session = requests.Session()
    session.trust_env = False
    for number in itertools.count(start):
        if stop.wait(pause_s):
            return
        wine = number % len(WINE)
        try:
            answer = session.post(f"{address}/root/ml/predict", json={"inputs": [WINE[wine]]}, timeout=30)
        except requests.RequestException as error:
            endured.failures.append(type(error).__name__)
            continue
        if answer.status_code != 200:
            endured.failures.append(answer.text)
            continue
        body = answer.json()
        endured.deployments.add(body["deployment_id"])
        if body["sample_index"] is None:
            endured.failures.append("a row that is not stored")
        else:
            endured.answered.append((body["sample_index"][0], time.time()))
        named = said.get(body["deployment_id"])
        if named is None or not named.agrees(wine, body):
            endured.wrong.append(answer.text)


@contextmanager
def asking(address: str, said: dict[int, Said], *, pause_s: float = 0.0) -> Iterator[Endured]:
    """Clients that ask until the block ends. pause_s: of each, between two requests."""
    endured, stop = Endured(), threading.Event()
    clients = [
        threading.Thread(
            target=ask, args=(address, said, endured, stop), kwargs={"start": 20 * number, "pause_s": pause_s}
        )
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        yield endured
    finally:
        stop.set()
        for client in clients:
            client.join()


def endure(  # how long, and how often what
    url: str, folder: Path, *, seconds: float, change_s: float, roll_back_s: float, pause_s: float = 0.0
) -> Endured:
    """Load for that long, with a change and a rollback every so often. pause_s: of each client."""
    with prepared(url, folder) as (service, said):
        base = f"{service.address}/root/ml"
        active = max(said)
        with asking(service.address, said, pause_s=pause_s) as endured:
            start = time.monotonic()
            rolled_back = start
            while time.monotonic() < start + seconds:
                time.sleep(change_s)
                if time.monotonic() - rolled_back >= roll_back_s:
                    active = post(f"{base}/rollback", {})[0]["deployment_id"]
                    rolled_back = time.monotonic()
                else:
                    active = next(number for number in sorted(said) * 2 if number != active)
                    post(f"{base}/deployments/{active}/role", {"role": "active"})
                endured.changes += 1
                endured.memory.append(memory_of(service))
        return endured


def memory_of(service: RunningService) -> int:
    """Of those that answer, not of those that train."""
    workers = psutil.Process(service.process.pid).children()
    return sum(worker.memory_info().rss for worker in workers)


def kill_a_worker(url: str, folder: Path, *, seconds: float) -> tuple[Endured, float]:
    """Load, in the middle of which a worker is killed; and when that was."""
    with prepared(url, folder) as (service, said):
        with asking(service.address, said) as endured:
            time.sleep(seconds / 2)
            victim = psutil.Process(service.process.pid).children()[0]
            killed = time.time()
            os.kill(victim.pid, signal.SIGKILL)
            time.sleep(seconds / 2)
        return endured, killed


def stored(url: str) -> set[int]:
    """The sample_index of every live row that has a prediction."""
    engine = create_engine(url)
    with engine.connect() as connection:
        query = text("SELECT sample_index FROM wine.samples JOIN wine.predictions USING (sample_index)")
        found = set(connection.scalars(query))
    engine.dispose()
    return found


def unsteady(memory: list[int]) -> list[int]:
    """What of the memory after the first third is further from its middle than it may be."""
    later = memory[len(memory) // 3 :]
    middle = float(np.median(later)) if later else 0.0
    return [size for size in later if abs(size - middle) > MEMORY_SPREAD * middle]


def lost(endured: Endured, there: set[int], killed: float | None = None) -> list[int]:
    """Answers that are not stored, but for those of the moment before a worker was killed."""
    return [
        number
        for number, moment in endured.answered
        if number not in there
        and (killed is None or not killed - FLUSH_S - WRITING_S < moment <= killed + LATE_S)
    ]


def faults_of(endured: Endured, there: set[int], killed: float | None = None) -> list[str]:
    """What is not as it should be. there: what is stored; killed: when a worker was."""
    allowed = 0 if killed is None else CLIENTS  # what was in flight
    counts = {
        "requests failed": len(endured.failures) if len(endured.failures) > allowed else 0,
        "answers were wrong": len(endured.wrong),
        "answers were not stored": len(lost(endured, there, killed)),
        f"measurements of memory were off by more than {MEMORY_SPREAD:.0%}": len(unsteady(endured.memory)),
    }
    faults = [f"{count} {what}" for what, count in counts.items() if count]
    return faults if endured.answered else [*faults, "nothing was answered"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kill", action="store_true", help="a worker in the middle, and change nothing")
    asked = parser.parse_args()
    killed = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_database(folder) as url:
            if asked.kill:
                endured, killed = kill_a_worker(url, folder, seconds=60 * asked.minutes)
            else:
                endured = endure(url, folder, seconds=60 * asked.minutes, change_s=10, roll_back_s=60)
            faults = faults_of(endured, stored(url), killed)
    told = (
        f"{len(endured.answered)} answers of {len(endured.deployments)} deployments, "
        f"{endured.changes} changes, {len(endured.failures)} requests failed; memory "
        + " ".join(f"{size >> 20}" for size in endured.memory)
        + " MiB"
    )
    print(told, *(faults or ["all well"]), sep="\n")  # noqa: T201  # what it is for
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
