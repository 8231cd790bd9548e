"""Whether losses have become larger: a one-sided permutation test of the mean, from sums alone."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy import special  # type: ignore[import-untyped]

from monitoring.persistence.model.policy import FEWEST_ROWS
from monitoring.service.evidence.figures import LossSums

NO_SPREAD = 1e-12  # of the mean's square: what is left of equal losses by rounding
STRAIGHT = 1e-5  # a skewness below which the normal distribution is meant


@dataclass(frozen=True)
class Harm:
    """What is known of the model's quality.

    rows, mean: labelled rows of the window and their mean loss, None without any; the same of the reference.
    p: that the mean is as large by chance; None if it was not tested: too few rows, or losses beyond numbers.
    """

    rows: int
    mean: float | None
    reference_rows: int
    reference_mean: float | None
    p: float | None

    @property
    def effect(self) -> float | None:
        """By how much the mean loss is higher."""
        if self.mean is None or self.reference_mean is None:
            return None
        return self.mean - self.reference_mean

    @property
    def lacks_truth(self) -> bool:
        """Whether it was not tested because too few rows have a target."""
        return self.rows < FEWEST_ROWS

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"effect": self.effect}


def measure_harm(reference: LossSums, window: LossSums) -> Harm:
    """Hold the window's losses against those of the deployment's reference."""
    tested = min(reference.rows, window.rows) >= FEWEST_ROWS
    return Harm(
        window.rows,
        _finite(window.mean) if window.rows else None,
        reference.rows,
        _finite(reference.mean) if reference.rows else None,
        p_of_higher_mean(reference, window) if tested else None,
    )


def p_of_higher_mean(reference: LossSums, window: LossSums) -> float | None:
    """The chance that so many of all these rows, drawn at random, have a mean as high as the window's.

    By a Pearson-III tail with the exact first three moments of such a draw. None where sums overflowed.
    """
    both = reference + window
    if not all(map(math.isfinite, (both.total, both.squares, both.cubes))):
        return None
    rows, drawn, other = both.rows, window.rows, reference.rows
    mean = both.total / rows
    spread = both.squares / rows - mean**2
    if spread <= NO_SPREAD * mean**2:
        return 1.0
    third = both.cubes / rows - 3 * mean * both.squares / rows + 2 * mean**3
    variance = drawn * other / (rows - 1) * spread
    skewness = drawn * other * (other - drawn) / ((rows - 1) * (rows - 2)) * third / variance**1.5
    return pearson_tail((window.total - drawn * mean) / math.sqrt(variance), skewness)


def pearson_tail(score: float, skewness: float) -> float:
    """The chance of a score or more under Pearson's type III with mean 0, deviation 1 and this skewness."""
    if abs(skewness) < STRAIGHT:
        return float(special.ndtr(-score))
    shape = 4 / skewness**2
    if skewness > 0:
        return float(special.gammaincc(shape, max(shape + score * math.sqrt(shape), 0.0)))
    return float(special.gammainc(shape, max(shape - score * math.sqrt(shape), 0.0)))


def _finite(mean: float) -> float | None:
    return mean if math.isfinite(mean) else None
