"""Statistics of a metric over the runs of an experiment."""

import statistics
from collections.abc import Sequence
from fractions import Fraction


def describe(values: Sequence[float]) -> dict[str, float | None]:
    """Of at least one value: population deviation and variance, the smallest of the most frequent as mode.

    The interquartile range is sorted[⌊3n/4⌋] minus sorted[⌊n/4⌋], the reference's definition.
    None is what no double can hold, such as the variance of 1e160 and 1.
    """
    ordered = sorted(values)
    exact = [Fraction(value) for value in ordered]
    n = len(ordered)
    return {
        "mean": _mean(ordered),
        "median": float(statistics.median(exact)),
        "std_dev": statistics.pstdev(ordered),
        "variance": _double(statistics.pvariance(exact)),
        "min": ordered[0],
        "max": ordered[-1],
        "mode": min(statistics.multimode(ordered)),
        "iqr": _double(exact[3 * n // 4] - exact[n // 4]),
    }


def _mean(values: Sequence[float]) -> float:
    try:
        return statistics.fmean(values)
    except OverflowError:  # their sum is too large, their mean is not
        return float(statistics.mean(map(Fraction, values)))


def _double(exact: Fraction) -> float | None:
    try:
        return float(exact)
    except OverflowError:
        return None
