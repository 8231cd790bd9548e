"""Rows like those of a source, of which none is the same as another: a smoothed bootstrap.

A row is drawn, with what is missing in it and its target, and its numbers are moved by a little normal noise.
They are pulled towards their mean by as much as the noise spreads them, so that the variance stays. The noise
is a quarter of Silverman's bandwidth: it takes a percent of the correlations at most, and no window shows it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from db.definition import Feature, FeatureType
from simulator.service.source import Floats, Indexes

SMOOTHING = 0.25 * 0.9  # of Silverman's rule
QUARTILES_OF_NORMAL = 1.34  # how far they are apart, in deviations
FEWEST = 10  # rows of a class that has a bandwidth of its own
FREQUENT_SHARE, FREQUENT_ROWS = 0.05, 2


class Resampler:
    """Draws rows. features: (rows, features), NaN where missing; target: (rows,).

    classes: (rows,), or None: numbers are moved by the spread within their class.
    """

    def __init__(
        self, features: Floats, target: Floats, kinds: Sequence[Feature], classes: Indexes | None
    ) -> None:
        self._features, self._target = features, target
        self._whole = np.array([kind.type is FeatureType.INTEGER for kind in kinds])
        _, group = np.unique(np.zeros(len(target)) if classes is None else classes, return_inverse=True)
        self._group = group
        numbers = np.array([kind.type is not FeatureType.CATEGORY for kind in kinds])
        self._moves = np.column_stack([_moves(column) for column in features.T]) & numbers
        # By group and column: mean, factor towards it, deviation of the noise, smallest and largest value.
        self._kernels = np.zeros((5, int(group.max(initial=-1)) + 1, len(kinds)))
        for column in np.flatnonzero(numbers).tolist():
            for number in range(self._kernels.shape[1]):
                self._kernels[:, number, column] = self._kernel(column, group == number)

    def draw(self, count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
        """That many rows: features (count, features) and target (count,)."""
        drawn = random.integers(0, len(self._target), count)
        values, moves = self._features[drawn], self._moves[drawn]
        mean, towards, deviation, low, high = self._kernels[:, self._group[drawn]]
        moved = mean + (values - mean) * towards + random.standard_normal(values.shape) * deviation
        # What would leave the range that the source has is thrown back into it.
        moved = np.where(moved < low, 2 * low - moved, moved)
        moved = np.where(moved > high, 2 * high - moved, moved)
        features = np.where(moves, np.clip(moved, low, high), values)
        features[:, self._whole] = np.rint(features[:, self._whole])
        return features, self._target[drawn]

    def _kernel(self, column: int, rows: npt.NDArray[np.bool_]) -> tuple[float, float, float, float, float]:
        moves = self._moves[:, column]
        few = np.count_nonzero(rows & moves) < FEWEST
        values = self._features[moves if few else rows & moves, column]
        if not len(values):
            return 0.0, 1.0, 0.0, 0.0, 0.0
        spread = float(np.std(values))
        between = float(np.subtract(*np.quantile(values, [0.75, 0.25]))) / QUARTILES_OF_NORMAL
        deviation = SMOOTHING * (min(spread, between) or spread) * len(values) ** -0.2
        towards = 1 / np.hypot(1, deviation / spread) if spread else 1.0
        return float(np.mean(values)), float(towards), deviation, float(values.min()), float(values.max())


def _moves(column: Floats) -> npt.NDArray[np.bool_]:
    """Which values are moved: known ones, but for those that many rows share.

    Moved, a zero that stands for half of the rows would be no zero any more, and the column another one.
    """
    values, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    frequent = counts > max(FREQUENT_ROWS, FREQUENT_SHARE * len(column))
    moved: npt.NDArray[np.bool_] = (~frequent & ~np.isnan(values))[place]
    return moved
