"""How much memory services keep, by the number of use cases that they have worked for.

    python -m tests.benchmarks.memory_growth [--use-cases 60] [--rows 400]

Starts a PostgreSQL, a simulator, an ml_model and a monitoring. Each use case is added with its rows, a random
forest or a logistic regression is trained, scores, predicts and is judged, and every fourth one is reported
on. Prints the resident memory of ml_model and monitoring after every tenth use case.
"""

import argparse
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests

from tests.benchmarks.memory import resident_bytes
from tests.running import RunningService, running_database, running_service

FEATURES = tuple(f"x{number}" for number in range(10))
EVERY = 10  # use cases between two looks
REPORTED = 4
SETS = ("training", "testing", "production")


@dataclass(frozen=True)
class Services:
    """Those that are watched, and who fills them."""

    simulator: RunningService
    ml_model: RunningService
    monitoring: RunningService

    def resident(self) -> dict[str, int]:
        """Bytes, the children's included."""
        watched = {"ml_model": self.ml_model, "monitoring": self.monitoring}
        return {name: resident_bytes(service.process.pid) for name, service in watched.items()}


@contextmanager
def running_services(folder: Path) -> Iterator[Services]:
    """Started, on a database of their own."""
    with ExitStack() as stack:
        url = stack.enter_context(running_database(folder))
        key = secrets.token_hex()
        simulator = stack.enter_context(running_service("simulator", folder, database_url=url))
        ml_model = stack.enter_context(
            running_service("ml_model", folder, database_url=url, artifact_key=key)
        )
        monitoring = stack.enter_context(
            running_service(
                "monitoring", folder, database_url=url, ml_model_url=f"{ml_model.address}/root/ml"
            )
        )
        yield Services(simulator, ml_model, monitoring)


def call(service: RunningService, path: str, **body: Any) -> dict[str, Any]:
    """The answer to what must succeed."""
    answer = requests.post(service.address + path, json=body, timeout=120)
    assert answer.ok, answer.text
    read: dict[str, Any] = answer.json()
    return read


def rows_of(number: int, rows: int) -> str:
    """A CSV of two classes."""
    random = np.random.default_rng(number)
    values = random.normal(size=(rows, len(FEATURES)))
    kinds = (values[:, 0] + random.normal(0, 0.5, rows) > 0).astype(int)
    lines = [",".join((*map(repr, row), str(kind))) for row, kind in zip(values.tolist(), kinds, strict=True)]
    return "\n".join((",".join((*FEATURES, "kind")), *lines))


def work_for(services: Services, number: int, rows: int) -> None:
    """Add a use case, and walk it through everything."""
    name = f"case_{number}"
    source = {"kind": "csv", "file": f"{name}.csv", "target_column": "kind"}
    features = [{"name": feature} for feature in FEATURES]
    definition = {"name": name, "task": "classification", "target": "kind", "features": features}
    added = {"definition": {**definition, "source": source}, "csv": rows_of(number, rows)}
    call(services.simulator, "/root/simulator/use_cases", **added)
    for set_name in SETS:
        call(services.simulator, "/root/simulator", set_name=set_name, use_case=name)
    model = ("RandomForest", {"n_estimators": 100}) if number % 2 else ("LogisticRegression", {})
    chosen = {"model_name": model[0], "hyperparameters": model[1]}
    call(services.ml_model, "/root/ml/set_model", use_case=name, **chosen)
    for set_name in SETS:
        call(services.ml_model, "/root/ml", dataset=set_name, use_case=name)
    for _ in range(10):
        predict(services, number)
    call(services.monitoring, "/root/monitoring", metric="tests", use_case=name)
    if number % REPORTED == 0:
        call(services.monitoring, "/root/monitoring", metric="report", use_case=name)


def predict(services: Services, number: int) -> list[Any]:
    """What the use case's model says of one row."""
    row = np.linspace(-1, 1, len(FEATURES)).tolist()
    answer = call(services.ml_model, "/root/ml/predict", use_case=f"case_{number}", inputs=[row])
    found: list[Any] = answer["probabilities"]
    return found


def main() -> None:
    """Run it by hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--use-cases", type=int, default=60)
    parser.add_argument("--rows", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_services(Path(folder)) as services:
        tell(0, services)
        for number in range(1, asked.use_cases + 1):
            work_for(services, number, asked.rows)
            if number % EVERY == 0:
                tell(number, services)


def tell(number: int, services: Services) -> None:
    """Print a line."""
    sizes = "  ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in services.resident().items())
    print(f"{number} use cases: {sizes}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
