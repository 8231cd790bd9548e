"""How much longer is an optimisation, recorded in MLflow, than its bare searches?

`python -m tests.benchmarks.optimisation` starts a PostgreSQL and an MLflow server of its own, sends API.md's
optimisation request to a warm tracking and runs the same searches bare, turn by turn, all in one process:
`GridSearchCV` and `cross_val_predict` as the reference calls them, on one core. Exits with 1 above twice.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from flask.testing import FlaskClient
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.simulator import SimulatorService
from tests.callers import ALICE
from tests.conftest import free_port
from tests.mlflow_server import MlflowServer
from tests.working import working
from tracking.config.settings import TrackingSettings
from tracking.web.app import create_app

ROUNDS = 7
LARGEST_RATIO = 2.0
GRIDS: dict[str, dict[str, list[Any]]] = {
    "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
    "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
    "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
}
REQUEST = {
    "request_information": "optimization",
    "models": list(GRIDS),
    "hyperparameters": GRIDS,
    "scoring": "accuracy",
    "cv": 5,
}


def main() -> int:
    """Measure and print; 1 if the optimisation takes more than twice its bare searches."""
    with tempfile.TemporaryDirectory(prefix="optimisation-") as folder, warm_tracking(Path(folder)) as client:
        features, classes = load_training()
        results = {name: measure(client, name, features, classes) for name in ("none", "standard_scaler")}
    print_table(results)
    return int(max(ratio(result) for result in results.values()) > LARGEST_RATIO)


def measure(
    client: FlaskClient, preprocessing: str, features: pd.DataFrame, classes: pd.Series
) -> dict[str, list[float]]:
    """Seconds of each round, turn by turn so that both meet the same machine."""
    seconds: dict[str, list[float]] = {"bare": [], "optimisation": []}
    for number in range(ROUNDS + 1):  # the first round is not counted
        body = {**REQUEST, "experiment_name": f"benchmark {preprocessing}", "preprocessing": preprocessing}
        bare = timed(partial(search_bare, features, classes))
        tracked = timed(partial(optimise, client, body))
        if number:
            seconds["bare"].append(bare)
            seconds["optimisation"].append(tracked)
    return seconds


def optimise(client: FlaskClient, body: dict[str, Any]) -> None:
    """Send the request to tracking."""
    response = client.post("/root/tracking/model_management", json=body)
    if response.status_code != 201:
        raise SystemExit(f"tracking answered {response.status_code}: {response.get_data(as_text=True)}")


def search_bare(features: pd.DataFrame, classes: pd.Series) -> None:
    """The reference's searches; liblinear with three classes needs the wrapper in today's scikit-learn."""
    wrapped = {f"estimator__{name}": values for name, values in GRIDS["LogisticRegression"].items()}
    searches = [
        (OneVsRestClassifier(LogisticRegression()), wrapped),
        (RandomForestClassifier(), GRIDS["RandomForest"]),
        (SVC(), GRIDS["SVC"]),
    ]
    for estimator, grid in searches:
        search = GridSearchCV(estimator=estimator, param_grid=grid, scoring="accuracy", cv=5)
        search.fit(features, classes)
        cross_val_predict(search.best_estimator_, features, classes, cv=5)


def load_training() -> tuple[pd.DataFrame, pd.Series]:
    """The training set of wine, in the order in which the simulator stores it."""
    features, classes = load_wine(return_X_y=True, as_frame=True)
    split = train_test_split(features, classes, train_size=0.6, random_state=42, stratify=classes)
    return split[0], split[2]


def timed(work: Callable[[], None]) -> float:
    """Seconds that the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ratio(seconds: dict[str, list[float]]) -> float:
    """Median optimisation by median bare searches."""
    return statistics.median(seconds["optimisation"]) / statistics.median(seconds["bare"])


def print_table(results: dict[str, dict[str, list[float]]]) -> None:
    """Medians of each kind of preprocessing; the bare searches never scale."""
    table = Table(title=f"Optimisation request, warm, median of {ROUNDS} rounds")
    for column in ("preprocessing", "bare searches s", "optimisation s", "ratio"):
        table.add_column(column, justify="left" if column == "preprocessing" else "right")
    for name, seconds in results.items():
        bare, tracked = statistics.median(seconds["bare"]), statistics.median(seconds["optimisation"])
        table.add_row(name, f"{bare:.2f}", f"{tracked:.2f}", f"{ratio(seconds):.2f}")
    Console().print(table)


@contextmanager
def warm_tracking(folder: Path) -> Iterator[FlaskClient]:
    """A client of a warm tracking, with wine's training set loaded."""
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    mlflow: MlflowServer | None = None
    try:
        postgres.start()
        mlflow = MlflowServer(ensure_database(postgres.url(), "mlflow"), folder / "mlflow").start()
        database_url = ensure_database(postgres.url(), "dataset")
        migrate(database_url)
        load_wine_training(database_url)
        settings = TrackingSettings(database_url=SecretStr(database_url), mlflow_url=mlflow.url)
        with working("tracking", settings):
            yield create_app(settings).test_client()
    finally:
        if mlflow is not None:
            mlflow.stop()
        postgres.stop()


def load_wine_training(database_url: str) -> None:
    """What `POST {"set_name": "training"}` to the simulator does."""
    engine = create_engine(database_url)
    sessions = sessionmaker(engine)
    known = KnownUseCases(read_definitions(SimulatorSettings().use_cases_dir), DataFiles(Path("data")))
    SimulatorService(known, lambda: SimulatorUnitOfWork(sessions)).load("training", "wine", caller=ALICE)
    engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
