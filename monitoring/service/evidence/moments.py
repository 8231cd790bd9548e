"""The exact first three moments of a chi² statistic over all permutations that keep its margins."""

from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 60  # the third moment about the mean is a small difference of large numbers
STIRLING_4 = (1, 7, 6, 1)  # a⁴ in falling factorials of a
STIRLING_6 = (1, 31, 90, 65, 15, 1)

Polynomial = NDArray[Any]  # coefficients by power of x, where xˢ stands for (drawn)ₛ / (rows)ₛ


def moments_of_shares(drawn: int, both: NDArray[np.int64]) -> tuple[float, float, float]:
    """Mean, variance and skewness of Σ aₖ² / cₖ, a drawn without replacement from c = both, (names,).

    Falling factorials of such draws have E (aᵢ)ₚ (aⱼ)ᵣ = (cᵢ)ₚ (cⱼ)ᵣ (drawn)ₚ₊ᵣ / (rows)ₚ₊ᵣ, so every moment
    is a sum of products over the names, linear in these ratios.
    """
    rows = int(both.sum())
    with localcontext(Context(prec=DIGITS)):
        counts = np.array([Decimal(int(count)) for count in both], dtype=object)
        first, second, third = _raw(counts)
        ratios = np.array([_falling(Decimal(drawn), s) / _falling(Decimal(rows), s) for s in range(7)])
        mean, square, cube = (
            sum((a * b for a, b in zip(each, ratios, strict=False)), Decimal(0))
            for each in (first, second, third)
        )
        variance = square - mean**2
        skewness = (cube - 3 * mean * square + 2 * mean**3) / (variance * variance.sqrt())
        return float(mean), float(variance), float(skewness)


def _raw(counts: NDArray[Any]) -> tuple[Polynomial, Polynomial, Polynomial]:
    """The raw moments as polynomials: names that are all different, and those that are the same."""
    one = np.array([0 * counts, 0 * counts + 1, counts - 1])  # of each name, (powers, names)
    two = np.array([0 * counts, *(s * _falling(counts, p) / counts**2 for p, s in enumerate(STIRLING_4, 1))])
    six = [s * _falling(counts, p) / counts**3 for p, s in enumerate(STIRLING_6, 1)]
    three = np.array([0 * counts, *six])
    squared = _times(one, one)
    sums = [each.sum(axis=1) for each in (one, squared, _times(squared, one), two, _times(one, two), three)]
    p1, p2, p3, q2, q12, q3 = (np.append(each, [Decimal(0)] * (7 - len(each))) for each in sums)
    p11 = np.convolve(p1, p1)[:7]
    different = np.convolve(p11, p1)[:7] - 3 * np.convolve(p1, p2)[:7] + 2 * p3
    return p1, q2 + p11 - p2, q3 + 3 * (np.convolve(p1, q2)[:7] - q12) + different


def _times(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """The products of polynomials, name by name."""
    product = np.full((len(first) + len(second) - 1, first.shape[1]), Decimal(0), dtype=object)
    for power, coefficients in enumerate(first):
        product[power : power + len(second)] += coefficients * second
    return product


def _falling(number: Any, factors: int) -> Any:
    """number · (number - 1) · …"""
    product = 0 * number + 1
    for less in range(factors):
        product = product * (number - less)
    return product
