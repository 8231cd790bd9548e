"""Every figure that Evidently's presets give too is the same as theirs; so is the status of what is its."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from tests.unit.monitoring.evidently_side import Verdicts, evidently_verdicts, our_verdicts
from tests.unit.monitoring.fires import fires

pytestmark = [
    # Evidently divides by zero and draws flat lines on its own account.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]

# The share of drifted columns of the other group leaves the target out: the last test is about that.
WITH_TARGET = [group for group in fitting_groups(classifies=True) if group != "no_target_performance"]


def assert_same(ours: Verdicts, theirs: Verdicts) -> None:
    for check, (status, value) in theirs.items():
        assert ours[check][0] in (status, None), check
        assert ours[check][1] == pytest.approx(value, rel=1e-12, abs=1e-12), check


def wide(rows: int, columns: int, seed: int) -> pd.DataFrame:
    """Numbers, some with few values and some missing, more of them the further to the right."""
    random = np.random.default_rng(seed)
    values = random.normal(0.02 * seed, 1, (rows, columns))
    values[:, ::5] = values[:, ::5].round()
    values[random.random((rows, columns)) < np.linspace(0, 0.1, columns)] = np.nan
    frame = pd.DataFrame(values, columns=[f"x{number}" for number in range(columns)])
    frame["target"] = random.integers(0, 3, rows)
    return frame.assign(prediction=np.where(random.random(rows) < 0.9, frame["target"], 0))


def large(rows: int, shift: float) -> pd.DataFrame:
    """More rows than Evidently gives p-values for; some columns have few values, one value, or a twin."""
    random = np.random.default_rng(rows)
    frame = pd.DataFrame(random.normal(shift, 1, (rows, 3)), columns=["a", "b", "c"])
    frame["few"] = random.integers(0, 3 + (shift > 0.5), rows).astype(float)
    frame["constant"] = 1.0
    frame["doubled"] = frame["a"]
    frame.loc[: rows // 50, "b"] = np.nan
    frame["target"] = random.integers(0, 3, rows)
    frame["prediction"] = np.where(random.random(rows) < 0.9, frame["target"], 0)
    return pd.concat([frame, frame.head(20)], ignore_index=True)


@pytest.mark.parametrize("fouling", ["reference", "heavy", "none"])
def test_verdicts_on_wine_are_those_of_the_presets(wine: Any, fouling: str) -> None:
    comparison = wine.compare(fouling)
    theirs = evidently_verdicts(comparison)
    assert len(theirs) == 37  # 1 + 15 of drift, 15 missing shares, 5 of the whole set, 1 of accuracy
    assert_same(our_verdicts(comparison, WITH_TARGET), theirs)


@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
def test_verdicts_on_more_rows_than_p_values_serve_are_those_of_the_presets(shift: float) -> None:
    reference, current = large(1500, 0.0), large(1400, shift)
    comparison = Comparison(reference, current, ("a", "b", "c", "few", "constant", "doubled"))
    assert_same(our_verdicts(comparison, WITH_TARGET), evidently_verdicts(comparison))


def test_the_share_of_drifted_columns_without_the_target_is_that_of_the_preset(wine: Any) -> None:
    comparison = wine.compare("reference")
    theirs = evidently_verdicts(comparison, columns=list(comparison.columns_without_target))
    ours = our_verdicts(comparison, ["no_target_performance"])
    check = ("share_of_drifted_columns", None)
    assert ours[check] == theirs[check]


@pytest.mark.parametrize("rows", [200, 1500])
@pytest.mark.parametrize("how", ["same", "later", "elsewhere", "few stations"])
def test_verdicts_on_a_regression_with_categories_are_those_of_the_presets(rows: int, how: str) -> None:
    comparison = fires(rows, how)
    groups = [group for group in fitting_groups(classifies=False) if group != "no_target_performance"]
    ours, theirs = our_verdicts(comparison, groups), evidently_verdicts(comparison)
    assert {("mae", None), ("rmse", None), ("r2", None), ("column_drift", "station")} <= set(theirs)
    assert_same(ours, theirs)


def test_the_drift_of_a_hundred_columns_is_that_of_the_preset() -> None:
    reference, current = wide(36, 100, seed=1), wide(36, 100, seed=2)
    comparison = Comparison(reference, current, tuple(reference.columns[:-2]))
    theirs = evidently_verdicts(comparison, drift_alone=True)
    assert len(theirs) == 1 + 102
    assert_same(our_verdicts(comparison, ["data_drift"]), theirs)


def test_verdicts_on_ten_thousand_rows_are_those_of_the_presets() -> None:
    reference, current = wide(10_000, 13, seed=1), wide(10_000, 13, seed=2)
    comparison = Comparison(reference, current, tuple(reference.columns[:-2]))
    assert_same(our_verdicts(comparison, WITH_TARGET), evidently_verdicts(comparison))
