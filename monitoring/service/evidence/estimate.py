"""How well a model does where no truth is known: an estimate, from how sure it is of itself.

It holds as long as the model is as right about rows of which it is so sure as it was on the reference. A
changed relation of columns to truth does not show in it. That is why it warns at most.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special  # type: ignore[import-untyped]

from monitoring.persistence.model.policy import FEWEST_ROWS

Floats = NDArray[np.float64]
Metric = Literal["accuracy", "absolute error"]

ENOUGH_FOR_STEPS = 1000  # rows for isotonic regression; a logistic curve with fewer (Platt)
NEIGHBOURS = 0.1  # share of the reference's rows whose predictions are nearest
SURELY = 4.0  # standard errors that are no chance
MATTERS = {"accuracy": 0.05, "absolute error": 0.25}  # of accuracy a difference, of errors a share
EDGE = 1e-6


@dataclass(frozen=True)
class Estimate:
    """What is expected of rows without truth.

    metric: accuracy, 0 to 1; or absolute error, in units of the target. expected: of the window; reference:
    measured on the rows that it was learned from. error: standard error of the difference, by sampling.
    """

    metric: Metric
    rows: int
    expected: float
    reference_rows: int
    reference: float
    error: float

    @property
    def worse(self) -> float:
        """By how much the window is expected to be worse."""
        return self.reference - self.expected if self.metric == "accuracy" else self.expected - self.reference

    @property
    def warns(self) -> bool:
        """Whether that is no chance, and large enough to be told."""
        scale = 1.0 if self.metric == "accuracy" else self.reference
        return self.worse > SURELY * self.error and self.worse >= MATTERS[self.metric] * scale

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def estimate_accuracy(confidences: Floats, correct: NDArray[np.bool_], window: Floats) -> Estimate | None:
    """Expect as many right answers as the reference had where the model was so sure.

    confidences: (reference rows,), of the class that was predicted, by models that had not seen the row;
    correct: whether it was the row's. window: (rows,) confidences. None with too few rows.
    """
    if min(len(confidences), len(window)) < FEWEST_ROWS:
        return None
    right = correct.astype(np.float64)
    calibrate = _steps if len(confidences) >= ENOUGH_FOR_STEPS else _curve
    expected = calibrate(confidences, right, window)
    spread = (expected * (1 - expected)).mean() / len(window) + right.mean() * (1 - right.mean()) / len(right)
    return Estimate(
        "accuracy",
        len(window),
        float(expected.mean()),
        len(right),
        float(right.mean()),
        float(np.sqrt(spread)),
    )


def estimate_error(predictions: Floats, errors: Floats, window: Floats) -> Estimate | None:
    """Expect errors as large as the reference had where the model predicted nearly the same.

    predictions, errors: (reference rows,), by models that had not seen the row; errors absolute.
    window: (rows,) predictions. None with too few rows.
    """
    if min(len(predictions), len(window)) < FEWEST_ROWS:
        return None
    order = np.argsort(predictions, kind="stable")
    nearest = max(FEWEST_ROWS // 3, round(NEIGHBOURS * len(order)))
    sums = np.concatenate([[0.0], np.cumsum(errors[order])])
    begin = np.searchsorted(predictions[order], window) - nearest // 2
    begin = begin.clip(0, len(order) - nearest)
    expected = (sums[begin + nearest] - sums[begin]) / nearest
    spread = errors.var() / len(window) + errors.var() / len(errors)
    return Estimate(
        "absolute error",
        len(window),
        float(expected.mean()),
        len(errors),
        float(errors.mean()),
        float(np.sqrt(spread)),
    )


def _steps(confidences: Floats, right: Floats, window: Floats) -> Floats:
    """By isotonic regression."""
    order = np.argsort(confidences, kind="stable")
    fitted = optimize.isotonic_regression(right[order]).x
    found: Floats = np.interp(window, confidences[order], fitted)
    return found


def _curve(confidences: Floats, right: Floats, window: Floats) -> Floats:
    """By Platt's logistic curve on the log odds, which never falls, with his targets against overfitting."""
    known = _log_odds(confidences)
    hits = right.sum()
    targets = np.where(right > 0, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))

    def cost(curve: Floats) -> tuple[float, list[float]]:
        odds = curve[0] * known + curve[1]
        over = special.expit(odds) - targets
        loss = float(np.sum(np.logaddexp(0, odds) - targets * odds))
        return loss, [float(over @ known), float(over.sum())]

    fitted = optimize.minimize(cost, x0=(1.0, 0.0), jac=True, bounds=((0.0, None), (None, None)))
    curve = fitted.x
    found: Floats = special.expit(curve[0] * _log_odds(window) + curve[1])
    return found


def _log_odds(confidences: Floats) -> Floats:
    found: Floats = special.logit(confidences.clip(EDGE, 1 - EDGE))
    return found
