"""What does a search cost beyond its fits, and what does a long one take of the machine?

`python -m tests.benchmarks.searching` searches API.md's three models bare, by GridSearchCV with as many
processes as there are cores, and by tracking's search, turn by turn; exits with 1 above LARGEST_RATIO. Then
it searches 1 000 candidates on 5 folds of 100 000 rows (`--candidates` for fewer) and prints for what share
of the time the workers had fits, what share of the cores these got (less where others work beside it), the
memory of all processes together at its peak, and the longest time without news.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count
from rich.console import Console
from rich.table import Table
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from tests.benchmarks.memory import PeakMemory
from tests.benchmarks.optimisation import GRIDS, load_training
from tests.searches import FitsInMemory, wine_rows
from tracking.persistence.model.search import SavedSearch, SearchRequest, TrainingSet
from tracking.service.processes import LocalProcesses
from tracking.service.searching import search_models

ROUNDS = 7
LARGEST_RATIO = 1.3
ROWS, FEATURES = 100_000, 13


def main() -> int:
    """Measure and print; 1 if the small search takes too long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidates", type=int, default=1000, help="of the long search; 0 leaves it out")
    candidates = parser.parse_args().candidates
    warnings.simplefilter("ignore")
    ratio = small()
    if candidates:
        large(candidates)
    return int(ratio > LARGEST_RATIO)


def small() -> float:
    """Medians of API.md's request; the ratio of ours to the bare one."""
    features, classes = load_training()
    training = wine_rows()
    request = SearchRequest(list(GRIDS), GRIDS, "accuracy", 5, "none")
    bare, ours = [], []
    for number in range(ROUNDS + 1):  # the first round is not counted
        took = timed(lambda: search_bare(features, classes)), timed(lambda: search(request, training))
        if number:
            bare.append(took[0])
            ours.append(took[1])
    ratio = statistics.median(ours) / statistics.median(bare)
    table = Table(title=f"API.md's request on {cpu_count()} cores, warm, median of {ROUNDS} rounds, s")
    for column in ("bare GridSearchCV", "search_models, models saved", "ratio"):
        table.add_column(column, justify="right")
    table.add_row(f"{statistics.median(bare):.2f}", f"{statistics.median(ours):.2f}", f"{ratio:.2f}")
    Console().print(table)
    return ratio


def large(candidates: int) -> None:
    """A search that takes minutes."""
    features, classes = make_classification(ROWS, FEATURES, n_informative=8, n_classes=3, random_state=0)
    names = tuple(f"f{number}" for number in range(FEATURES))
    training = TrainingSet("large", names, features, classes.astype(np.int64))
    grid = {"LogisticRegression": {"C": np.geomspace(0.001, 100, candidates).tolist()}}
    request = SearchRequest([*grid], grid, "accuracy", 5, "standard_scaler")
    news = [time.perf_counter()]
    with PeakMemory() as memory:
        memory.add("search", os.getpid())
        before = memory.peaks["search"]
        (saved,) = search(request, training, lambda *_: news.append(time.perf_counter()))
    table = Table(title=f"{candidates} candidates on 5 folds of {ROWS} rows, {cpu_count()} cores")
    for column in (
        "s",
        "workers busy",
        "CPU share of the fits",
        "peak memory",
        "before",
        "longest without news",
    ):
        table.add_column(column, justify="right")
    busy = sum(each.fit_seconds for each in saved.candidates) / cpu_count() / saved.execution_time_s
    table.add_row(
        f"{saved.execution_time_s:.0f}",
        f"{100 * busy:.0f} %",
        f"{saved.cpu_percent / cpu_count():.0f} %",
        f"{memory.peaks['search'] / 2**20:.0f} MiB",
        f"{before / 2**20:.0f} MiB",
        f"{max(later - earlier for earlier, later in pairwise(news)):.1f} s",
    )
    Console().print(table)


def search(
    request: SearchRequest, training: TrainingSet, progress: Callable[[float, str], None] = lambda *_: None
) -> list[SavedSearch]:
    """Ours, the models saved."""
    found: list[SavedSearch] = []
    with tempfile.TemporaryDirectory() as folder:
        search_models(
            request,
            training,
            Path(folder),
            fits=FitsInMemory(),
            engine=LocalProcesses(),
            progress=progress,
            searched=found.append,
        )
    return found


def search_bare(features: pd.DataFrame, classes: pd.Series) -> None:
    """As tests.benchmarks.optimisation, but on all cores."""
    wrapped = {f"estimator__{name}": values for name, values in GRIDS["LogisticRegression"].items()}
    searches: list[tuple[Any, dict[str, list[Any]]]] = [
        (OneVsRestClassifier(LogisticRegression()), wrapped),
        (RandomForestClassifier(), GRIDS["RandomForest"]),
        (SVC(), GRIDS["SVC"]),
    ]
    for estimator, grid in searches:
        found = GridSearchCV(estimator, grid, scoring="accuracy", cv=5, n_jobs=cpu_count())
        found.fit(features, classes)
        cross_val_predict(found.best_estimator_, features, classes, cv=5)


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
