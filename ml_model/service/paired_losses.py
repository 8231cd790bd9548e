"""Losses of predictions, and which of two models has the lower ones on the same rows."""

import math
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats  # type: ignore[import-untyped]

Floats = npt.NDArray[np.float64]

FLIPS = 20_000
BLOCKS = 10  # of flips, one in memory at a time
FLIPPED = 1000  # of the largest differences, one by one; the sum of more is normal beside them
SAME = 1e-9  # of the sum's size: sums this close are equal
CONFIDENCE = 0.95


@dataclass(frozen=True)
class LossSums:
    """Losses of some rows, by their power sums; what leaves the service instead of rows."""

    rows: int
    total: float
    squares: float
    cubes: float

    def as_dict(self) -> dict[str, float]:
        """Ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class PairedFigures:
    """The second model's losses less the first's, on the same rows.

    rows; mean: of the differences, below 0 where the second is better, None without rows.
    p_better, p_worse: that chance alone makes the second so much better, or worse; 1 without rows.
    upper_bound, lower_bound: of the mean difference in the long run, each with 95 % confidence; None with
    fewer than two rows.
    """

    rows: int
    mean: float | None
    p_better: float
    p_worse: float
    upper_bound: float | None
    lower_bound: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Ready for JSON."""
        return asdict(self)


def brier_losses(target: Floats, probabilities: Floats, classes: Floats) -> Floats:
    """Squared distances of probabilities, (rows, classes), from the truth: 0 to 2 each, (rows,).

    A target that is no class of the model has a distance to all of them, and 1 for its own.
    """
    truth = target[:, None] == classes[None, :]
    losses: Floats = ((probabilities - truth) ** 2).sum(axis=1) + ~truth.any(axis=1)
    return losses


def zero_one_losses(target: Floats, labels: Floats) -> Floats:
    """1 where the class is wrong, (rows,)."""
    wrong: Floats = (target != labels).astype(np.float64)
    return wrong


def absolute_losses(target: Floats, predicted: Floats) -> Floats:
    """How far a prediction is from the truth, (rows,)."""
    return np.abs(target - predicted)


def loss_sums(losses: Floats) -> LossSums:
    """The power sums of losses, (rows,)."""
    with np.errstate(over="ignore"):
        return LossSums(len(losses), float(losses.sum()), float((losses**2).sum()), float((losses**3).sum()))


def compare_losses(first: Floats, second: Floats, seed: int) -> PairedFigures:
    """Compare two models' losses on the same rows, (rows,) each.

    A sign-flip test: if neither is better, each difference might as well have the other sign. Studentising
    would order the flips alike, as the sum of squares stays. Seeded: the same losses give the same p.
    """
    differences = second - first
    rows = len(differences)
    if not rows:
        return PairedFigures(0, None, 1.0, 1.0, None, None)
    mean = float(differences.mean())
    p_worse, p_better = _sign_flip(differences, seed)
    margin = _margin(differences) if rows > 1 else None
    upper, lower = (mean + margin, mean - margin) if margin is not None else (None, None)
    return PairedFigures(rows, mean, p_better, p_worse, upper, lower)


def _sign_flip(differences: Floats, seed: int) -> tuple[float, float]:
    """The chances of a sum at least as high, and at least as low, when signs are thrown."""
    sizes = np.sort(np.abs(differences))[::-1]
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 1.0, 1.0
    sizes /= sizes[0]
    total = float((differences / np.abs(differences).max()).sum())
    random = np.random.default_rng(seed)
    flipped, rest = sizes[:FLIPPED], sizes[FLIPPED:]
    sums = np.concatenate([_thrown(flipped, FLIPS // BLOCKS, random) for _ in range(BLOCKS)])
    sums += random.normal(0, math.sqrt(float((rest**2).sum())), FLIPS)
    near = SAME * len(sizes)
    higher, lower = int((sums >= total - near).sum()), int((sums <= total + near).sum())
    return (higher + 1) / (FLIPS + 1), (lower + 1) / (FLIPS + 1)


def _thrown(sizes: Floats, times: int, random: np.random.Generator) -> Floats:
    """Sums of sizes with signs thrown, (times,)."""
    thrown = random.integers(0, 256, (times, math.ceil(len(sizes) / 8)), np.uint8)
    signs = np.unpackbits(thrown, axis=1, count=len(sizes)).astype(np.float64)
    sums: Floats = 2 * (signs @ sizes) - sizes.sum()
    return sums


def _margin(differences: Floats) -> float:
    """How far a one-sided bound of the mean is from it, by Student's t."""
    rows = len(differences)
    quantile = float(stats.t.ppf(CONFIDENCE, rows - 1))
    return quantile * float(differences.std(ddof=1)) / math.sqrt(rows)
