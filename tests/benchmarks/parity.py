"""Do our figures agree with Evidently's, and how much sooner are they there?

`python -m tests.benchmarks.parity` compares both on 13 and 100 columns of 36 to 200 000 rows, with missing
values, few values and categories, and prints the largest difference and both times. Takes hours;
`--rows 36 10000 --columns 13` is the smaller form, of which CI has a part. Exits with 1 on any difference.
"""

import argparse
import sys
import time
import warnings
from itertools import product

import pandas as pd
from rich.console import Console
from rich.table import Table

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison
from tests.unit.monitoring.evidently_side import Verdicts, evidently_verdicts, our_verdicts
from tests.unit.monitoring.test_evidently_parity import WITH_TARGET, wide

ROWS, COLUMNS = (36, 10_000, 200_000), (13, 100)
LARGEST = 1e-12
NAMES = ("north", "south", "east", "west")


def with_category(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The frame with its first column as positions of names."""
    places = (pd.RangeIndex(len(frame)) * (seed + 2)) % len(NAMES)
    return frame.assign(x0=places.astype(float))


def differences(ours: Verdicts, theirs: Verdicts) -> tuple[float, int]:
    """The largest relative difference of a figure, and how many statuses of Evidently's checks differ."""
    figures = [abs(ours[check][1] - value) / max(abs(value), 1.0) for check, (_, value) in theirs.items()]
    return max(figures), sum(ours[check][0] not in (status, None) for check, (status, _) in theirs.items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # Evidently's own
    table = Table(
        "rows", "columns", "checks in common", "largest difference", "other statuses", "ours", "Evidently"
    )
    differ = False
    for rows, columns in product(asked.rows, asked.columns):
        reference, current = (with_category(wide(rows, columns, seed), seed) for seed in (1, 2))
        features = tuple(map(str, reference.columns[:-2]))
        categorical = frozenset({TARGET, PREDICTION, "x0"})
        comparison = Comparison(reference, current, features, categorical, {"x0": NAMES})
        started = time.perf_counter()
        ours = our_verdicts(comparison, WITH_TARGET)
        between = time.perf_counter()
        theirs = evidently_verdicts(comparison)
        ended = time.perf_counter()
        figure, statuses = differences(ours, theirs)
        differ |= figure > LARGEST or statuses > 0
        times = f"{between - started:.2f} s", f"{ended - between:.1f} s"
        table.add_row(f"{rows:,}", str(columns), str(len(theirs)), f"{figure:.1e}", str(statuses), *times)
    Console().print(table)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
