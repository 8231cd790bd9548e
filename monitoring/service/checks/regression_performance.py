"""Performance of a regressor, against what it scored on the reference."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.chance import p_of_higher, p_of_other_mean
from monitoring.service.check import Check, Figure, unless_by_chance
from monitoring.service.comparison import Comparison

SCORE_TOLERANCE = 0.1  # relative; Evidently's default
# Of the reference's RMSE. The reference's mean error itself, which Evidently takes ten percent of, is next to
# nothing for any model that was fitted well, so that no other set would ever be near it.
MEAN_ERROR_MARGIN = 0.2
NAMES = ("mae", "rmse", "r2", "mean_error")
FEWEST_ROWS = 2  # for R²


@dataclass(frozen=True)
class Errors:
    """Of one set, (rows,). errors: prediction minus target."""

    target: NDArray[np.float64]
    errors: NDArray[np.float64]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Errors":
        target, prediction = (rows[name].to_numpy(dtype=np.float64) for name in (TARGET, PREDICTION))
        return cls(target, prediction - target)

    @property
    def mae(self) -> float:
        return float(np.abs(self.errors).mean())

    @property
    def rmse(self) -> float:
        return float(np.sqrt((self.errors**2).mean()))

    @property
    def r2(self) -> float:
        """scikit-learn's, also where the target does not vary."""
        return float(r2_score(self.target, self.target + self.errors))

    @property
    def mean(self) -> float:
        return float(self.errors.mean())


def regression_scores(comparison: Comparison) -> list[Check]:
    """MAE, RMSE and R² at most 10 % worse than the reference's, the mean error near its own; or as far off as
    chance explains. Being better fails nothing."""
    reference_rows, current_rows = comparison.labelled("reference"), comparison.labelled("current")
    if min(len(reference_rows), len(current_rows)) < FEWEST_ROWS:
        return [_too_few_rows(name) for name in NAMES]
    current, reference = Errors.of(current_rows), Errors.of(reference_rows)
    return [
        _mae(current, reference),
        _rmse(current, reference),
        _r2(current, reference),
        _mean_error(current, reference),
    ]


def _mae(current: Errors, reference: Errors) -> Check:
    figure = Figure("mae", "The mean absolute error", current.mae, reference.mae)
    return _not_higher(figure, lambda: p_of_higher(np.abs(current.errors), np.abs(reference.errors)))


def _rmse(current: Errors, reference: Errors) -> Check:
    figure = Figure("rmse", "The root mean squared error", current.rmse, reference.rmse)
    return _not_higher(figure, lambda: p_of_higher(current.errors**2, reference.errors**2))


def _r2(current: Errors, reference: Errors) -> Check:
    figure = Figure("r2", "R²", current.r2, reference.r2)
    lowest = reference.r2 - SCORE_TOLERANCE * abs(reference.r2)
    within = current.r2 >= lowest or figure.near(0)
    return unless_by_chance(
        figure, f"at least {lowest:.4g}", within=within, chance=lambda: _p_of_r2(current, reference)
    )


def _p_of_r2(current: Errors, reference: Errors) -> float:
    """By the means of e² - (1 - R²) · (y - mean y)², of both sets' R²: 0 if theirs is one."""
    targets = np.concatenate([current.target, reference.target])
    squares = np.concatenate([current.errors, reference.errors]) ** 2
    deviations = (targets - targets.mean()) ** 2
    total = float(deviations.sum())
    losses = squares - (float(squares.sum()) / total if total else 0.0) * deviations
    return p_of_higher(losses[: current.errors.size], losses[current.errors.size :])


def _mean_error(current: Errors, reference: Errors) -> Check:
    margin = MEAN_ERROR_MARGIN * reference.rmse
    low, high = reference.mean - margin, reference.mean + margin
    figure = Figure("mean_error", "The mean error", current.mean, reference.mean)
    return unless_by_chance(
        figure,
        f"between {low:.4g} and {high:.4g}",
        within=low <= current.mean <= high,
        chance=lambda: p_of_other_mean(current.errors, reference.errors),
    )


def _not_higher(figure: Figure, chance: Callable[[], float]) -> Check:
    highest = (1 + SCORE_TOLERANCE) * figure.reference
    within = figure.current <= highest or figure.near(0)
    return unless_by_chance(figure, f"at most {highest:.4g}", within=within, chance=chance)


def _too_few_rows(name: str) -> Check:
    why = f"There are not {FEWEST_ROWS} rows with a known target in both sets to compute {name} on."
    return Check(name, False, None, why, condition=f"{FEWEST_ROWS} rows in both sets")
