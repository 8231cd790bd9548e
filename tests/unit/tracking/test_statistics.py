"""Statistics by the reference's definitions."""

import pytest

from tracking.service.statistics import describe


def test_an_even_number_of_values() -> None:
    described = describe([4.0, 1.0, 2.0, 2.0])
    assert described == pytest.approx(
        {
            "mean": 2.25,
            "median": 2.0,
            "std_dev": 1.1875**0.5,
            "variance": 1.1875,
            "min": 1.0,
            "max": 4.0,
            "mode": 2.0,
            "iqr": 4.0 - 2.0,
        }
    )


def test_the_mode_is_the_smallest_of_the_most_frequent() -> None:
    assert describe([3.0, 1.0, 3.0, 1.0, 2.0])["mode"] == 1.0


def test_the_quartiles_are_picked_not_interpolated() -> None:
    assert describe([float(number) for number in range(10)])["iqr"] == 7.0 - 2.0


def test_a_single_value_has_no_spread() -> None:
    described = describe([0.5])
    assert [described[name] for name in ("std_dev", "variance", "iqr")] == [0, 0, 0]
    assert [described[name] for name in ("mean", "median", "min", "max", "mode")] == [0.5] * 5


def test_a_variance_that_no_double_holds_is_none_and_the_rest_is_told() -> None:
    described = describe([1e160, 0.9])
    assert described["variance"] is None
    assert described["std_dev"] == pytest.approx(5e159)
    assert described["mean"] == pytest.approx(5e159)


def test_the_largest_doubles_overflow_nothing() -> None:
    described = describe([1.7e308, 1.7e308, -1.7e308, -1.7e308])
    assert (described["mean"], described["median"], described["iqr"]) == (0.0, 0.0, None)
    assert describe([1.7e308, 1.7e308])["mean"] == pytest.approx(1.7e308)
