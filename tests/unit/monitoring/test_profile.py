"""What a column's profile says."""

import numpy as np
import pandas as pd
import pytest

from monitoring.service.profile import ColumnProfile

COLUMN = pd.Series([3.0, np.nan, 1.0, 3.0, np.inf, 2.0, -np.inf, 3.0])


def test_missing_values_are_counted_and_left_out() -> None:
    profile = ColumnProfile(COLUMN)
    assert profile.missing == 1
    assert profile.missing_share == pytest.approx(1 / 8)
    assert profile.values.tolist() == [-np.inf, 1, 2, 3, 3, 3, np.inf]
    assert profile.finite.tolist() == [1, 2, 3, 3, 3]


def test_distinct_values_and_the_most_common_one_are_pandas() -> None:
    profile = ColumnProfile(COLUMN)
    assert profile.distinct == COLUMN.nunique()
    assert profile.most_common_share == pytest.approx(COLUMN.value_counts().iloc[0] / len(COLUMN))


def test_mean_and_standard_deviations_are_of_the_finite_values() -> None:
    profile, finite = ColumnProfile(COLUMN), pd.Series([3.0, 1, 3, 2, 3])
    assert profile.mean == pytest.approx(finite.mean())
    assert profile.sample_std == pytest.approx(finite.std())
    assert profile.population_std == pytest.approx(finite.std(ddof=0))


def test_rows_outside_a_range_or_a_list_are_of_the_values_there_are() -> None:
    profile = ColumnProfile(COLUMN)
    assert profile.outside(1, 3) == 2
    assert profile.unlisted(np.array([1.0, 3.0])) == 3


@pytest.mark.parametrize("empty", [pd.Series([], dtype=float), pd.Series([np.nan, np.nan])])
def test_a_column_without_values_has_a_profile(empty: "pd.Series[float]") -> None:
    profile = ColumnProfile(empty)
    assert (profile.missing_share, profile.distinct, profile.most_common_share) == (1, 0, 0)
    assert np.isnan(profile.mean)
    assert profile.outside(0, 1) == profile.unlisted(np.array([1.0])) == 0


def test_text_counts_as_missing() -> None:
    assert ColumnProfile(pd.Series(["1", "null", "3"], dtype=object)).missing == 1
