"""How often does the summary fail although nothing has changed, and how often does it pass although it has?

`python -m tests.benchmarks.false_failures` splits four public data sets into halves at random, 30 times each,
and judges one half against the other: as they are, and with three columns moved by a standard deviation.
Predictions are out-of-fold. `--windows 10` is the smaller form. Exits with 1 if unchanged halves fail in more
than 5 % of the cases.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from monitoring.service.verdict import run_tests

WINDOWS, MOST_FALSE, SEED = 30, 0.05, 42
MOVED_COLUMNS, DEVIATIONS = 3, 1.0
DATA: dict[str, tuple[Callable[..., Any], bool]] = {
    "wine": (load_wine, True),
    "breast cancer": (load_breast_cancer, True),
    "iris": (load_iris, True),
    "diabetes": (load_diabetes, False),
}


@dataclass
class Outcome:
    """Of one data set: windows that failed as they were and that passed though moved; what failed falsely."""

    windows: int = 0
    false_failures: int = 0
    missed: int = 0
    culprits: Counter[str] = field(default_factory=Counter)


def scored(load: Callable[..., Any], *, classifies: bool) -> pd.DataFrame:
    """A data set with its target and out-of-fold predictions."""
    features, target = load(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression() if classifies else LinearRegression())
    frame: pd.DataFrame = features.astype(float)
    frame[TARGET] = target
    frame[PREDICTION] = cross_val_predict(model, features, target, cv=5)
    return frame


def judge(reference: pd.DataFrame, current: pd.DataFrame, *, classifies: bool) -> dict[str, Any]:
    """All checks of one half against the other."""
    features = tuple(str(name) for name in reference if name not in (TARGET, PREDICTION))
    categorical = frozenset({TARGET, PREDICTION}) if classifies else frozenset[str]()
    comparison = Comparison(reference, current, features, categorical)
    return run_tests(comparison, fitting_groups(classifies=classifies))


def moved(current: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """The half with three columns moved."""
    changed = current.copy()
    columns = random.choice(len(current.columns) - 2, MOVED_COLUMNS, replace=False)
    for name in current.columns[columns]:
        changed[name] += DEVIATIONS * current[name].std()
    return changed


def measure(name: str, windows: int) -> Outcome:
    """The outcome of one data set."""
    load, classifies = DATA[name]
    frame, random, outcome = scored(load, classifies=classifies), np.random.default_rng(SEED), Outcome()
    for _ in range(windows):
        order = random.permutation(len(frame))
        reference, current = (frame.iloc[half].reset_index(drop=True) for half in np.array_split(order, 2))
        found = judge(reference, current, classifies=classifies)
        outcome.windows += 1
        outcome.false_failures += not found["summary"]["all_passed"]
        outcome.culprits.update(
            {t["name"] for t in found["tests"] if t["status"] == "FAIL" and t.get("source") != "evidently"}
        )
        changed = judge(reference, moved(current, random), classifies=classifies)
        outcome.missed += changed["summary"]["all_passed"]
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=WINDOWS, help="halvings of each data set")
    windows = parser.parse_args().windows
    outcomes = {name: measure(name, windows) for name in DATA}
    table = Table("data set", "windows", "unchanged, failed", "3 moved, passed", "what failed falsely")
    for name, each in outcomes.items():
        culprits = ", ".join(f"{check} {times}" for check, times in each.culprits.most_common())
        table.add_row(name, str(each.windows), str(each.false_failures), str(each.missed), culprits)
    Console().print(table)
    falsely = sum(each.false_failures for each in outcomes.values()) / (windows * len(outcomes))
    Console().print(f"Unchanged halves failed in {falsely:.1%} of the cases; at most {MOST_FALSE:.0%} may.")
    return int(falsely > MOST_FALSE)


if __name__ == "__main__":
    sys.exit(main())
