"""Which rows of a matrix count: rows that were sent again are not more evidence."""

import numpy as np
from numpy.typing import NDArray

FEW_DUPLICATES = 0.05  # of the reference's rows; where there are more, equal rows are usual
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of SplitMix64
STEP = np.uint64(0x9E3779B97F4A7C15)

Mask = NDArray[np.bool_]


def first_of_each(rows: NDArray[np.float64]) -> Mask:
    """True, (rows,), where a row of a matrix occurs for the first time. NaN equals NaN, and -0 equals 0.

    Rows are told apart by 64 bits: two of a million are taken for one in 3 of 100 million cases.
    """
    first = np.zeros(len(rows), dtype=bool)
    if len(rows):
        first[np.unique(_digests(rows), return_index=True)[1]] = True
    return first


def counts_once(reference: NDArray[np.float64]) -> bool:
    """Whether equal rows count once, wherever they are held against this reference."""
    return not len(reference) or float(np.mean(~first_of_each(reference))) < FEW_DUPLICATES


def _digests(rows: NDArray[np.float64]) -> NDArray[np.uint64]:
    digests = np.full(len(rows), STEP)
    for column in rows.T:
        plain = np.where(np.isnan(column), np.nan, column + 0.0)  # one NaN, one zero
        digests += plain.view(np.uint64)
        digests ^= digests >> np.uint64(30)
        digests *= MULTIPLIERS[0]
        digests ^= digests >> np.uint64(27)
        digests *= MULTIPLIERS[1]
        digests ^= digests >> np.uint64(31)
        digests += STEP
    return digests
