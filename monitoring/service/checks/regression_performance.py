"""Performance of a regressor, against what it scored on the reference."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.check import Check, Figure, near_reference
from monitoring.service.comparison import Comparison

SCORE_TOLERANCE = 0.1  # relative; Evidently's default
# Of the reference's RMSE. The reference's mean error itself, which Evidently takes ten percent of, is next to
# nothing for any model that was fitted well, so that no other set would ever be near it.
MEAN_ERROR_MARGIN = 0.2
NAMES = ("mae", "rmse", "r2", "mean_error")
FEWEST_ROWS = 2  # for R²


@dataclass(frozen=True)
class Scores:
    """Of one set. mean_error: of prediction minus target."""

    mae: float
    rmse: float
    r2: float
    mean_error: float


def regression_scores(comparison: Comparison) -> list[Check]:
    """MAE, RMSE and R² within 10 % of the reference's, and the mean error near the reference's."""
    reference_rows, current_rows = comparison.labelled("reference"), comparison.labelled("current")
    if min(len(reference_rows), len(current_rows)) < FEWEST_ROWS:
        return [_too_few_rows(name) for name in NAMES]
    reference, current = _scores(reference_rows), _scores(current_rows)
    return [
        _near("mae", "The mean absolute error", current.mae, reference.mae),
        _near("rmse", "The root mean squared error", current.rmse, reference.rmse),
        _near("r2", "R²", current.r2, reference.r2),
        _mean_error(current, reference),
    ]


def _scores(frame: pd.DataFrame) -> Scores:
    target, prediction = frame[TARGET], frame[PREDICTION]
    return Scores(
        mae=float(mean_absolute_error(target, prediction)),
        rmse=float(root_mean_squared_error(target, prediction)),
        r2=float(r2_score(target, prediction)),
        mean_error=float(np.mean(prediction - target)),
    )


def _near(name: str, what: str, value: float, reference: float) -> Check:
    return near_reference(Figure(name, what, value, reference), relative=SCORE_TOLERANCE)


def _mean_error(current: Scores, reference: Scores) -> Check:
    margin = MEAN_ERROR_MARGIN * reference.rmse
    low, high = reference.mean_error - margin, reference.mean_error + margin
    limit = f"between {low:.4g} and {high:.4g}"
    return Check(
        name="mean_error",
        passed=low <= current.mean_error <= high,
        value=current.mean_error,
        condition=limit,
        description=f"The mean error is {current.mean_error:.4g}; by the reference, {limit} is expected.",
    )


def _too_few_rows(name: str) -> Check:
    why = f"There are not {FEWEST_ROWS} rows with a known target in both sets to compute {name} on."
    return Check(name, False, None, why, condition=f"{FEWEST_ROWS} rows in both sets")
