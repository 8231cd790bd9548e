"""Statistics of a metric over the runs of an experiment."""

import statistics
from collections.abc import Sequence


def describe(values: Sequence[float]) -> dict[str, float]:
    """Of at least one value: population deviation and variance, the smallest of the most frequent as mode.

    The interquartile range is sorted[⌊3n/4⌋] minus sorted[⌊n/4⌋], the reference's definition.
    """
    ordered = sorted(values)
    n = len(ordered)
    return {
        "mean": statistics.fmean(ordered),
        "median": statistics.median(ordered),
        "std_dev": statistics.pstdev(ordered),
        "variance": statistics.pvariance(ordered),
        "min": ordered[0],
        "max": ordered[-1],
        "mode": min(statistics.multimode(ordered)),
        "iqr": ordered[3 * n // 4] - ordered[n // 4],
    }
