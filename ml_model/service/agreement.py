"""Whether a model in ONNX form answers what scikit-learn does, also far from the rows it was trained on."""

import logging

import numpy as np
import numpy.typing as npt

from fleet.settings import SEED
from ml_model.service.predictor import OnnxPredictor, PipelinePredictor

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

PROBABILITY_TOLERANCE = 1e-9
# Relative to the number, or to how large such numbers usually are.
NUMBER_TOLERANCE = 1e-9
DECISION_TOLERANCE = 1e-6  # of large numbers that cancel each other out few digits are left
PROBED_ROWS = 200
PROBED_COLUMNS = 200
SPREADS = (10.0, 1e6)
HUGE = 1e300


def agrees(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    """The same labels, probabilities within 1e-9, decisions within 1e-6, numbers within 1e-9.

    features: the training rows. Rows with gaps are asked about too, and rows beyond the training range: each
    column, and all of them, 10 and 10⁶ standard deviations from its mean, and at ±1e300.
    """
    with np.errstate(all="ignore"):
        probes = probe_rows(features)
        same = _same_numbers if fitted.gives_numbers else _same_classes
        return all(same(onnx, fitted, rows) for rows in (features, probes)) and (
            fitted.gives_numbers or _same_decisions(onnx, fitted, probes)
        )


def probe_rows(features: Floats) -> Floats:
    """Rows like the training rows, with gaps, and ever farther away.

    Columns of categories move too, which makes them unlisted.
    """
    random = np.random.default_rng(SEED)
    near = features[np.linspace(0, len(features) - 1, min(PROBED_ROWS, len(features)), dtype=int)]
    rows, columns = near.shape
    gaps = near.copy()
    gaps[np.arange(rows), np.arange(rows) % columns] = np.nan
    centre = np.nan_to_num(_mean(near))
    spread = np.sqrt(np.nan_to_num(_mean(np.square(near - centre))))
    parts = [near, gaps, np.full((1, columns), np.nan)]
    for far in SPREADS:
        parts += [_one_column(near, centre + far * spread), _one_column(near, centre - far * spread)]
        parts.append(centre + far * spread * random.uniform(-1, 1, (rows, columns)))
    parts += [_one_column(near, np.full(columns, HUGE)), _one_column(near, np.full(columns, -HUGE))]
    parts.append(random.choice([-HUGE, HUGE], (columns, columns))[:PROBED_COLUMNS])
    return np.concatenate(parts)


def _mean(rows: Floats) -> Floats:
    """Of each column's known values, NaN where there are none."""
    known = ~np.isnan(rows)
    mean: Floats = np.where(known, rows, 0).sum(axis=0) / known.sum(axis=0)
    return mean


def _one_column(rows: Floats, values: Floats) -> Floats:
    """Rows of which each has another column's value replaced."""
    replaced = np.linspace(0, len(values) - 1, min(PROBED_COLUMNS, len(values)), dtype=int)
    made = rows[np.arange(len(replaced)) % len(rows)]
    made[np.arange(len(replaced)), replaced] = values[replaced]
    return made


def _same_numbers(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    ours, theirs = onnx.predict(features).labels, fitted.predict(features).labels
    return _close(ours, theirs, NUMBER_TOLERANCE) or _differs("numbers")


def _same_classes(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    ours, theirs = onnx.predict(features), fitted.predict(features)
    if not np.array_equal(ours.labels, theirs.labels, equal_nan=True):
        return _differs("labels")
    if ours.probabilities is None or theirs.probabilities is None:
        return (ours.probabilities is None) == (theirs.probabilities is None) or _differs("outputs")
    usable = np.isfinite(theirs.labels)
    told = ((ours.by_class, theirs.by_class), (ours.probabilities, theirs.probabilities))
    same = all(
        np.allclose(np.asarray(said)[usable], np.asarray(true)[usable], rtol=0, atol=PROBABILITY_TOLERANCE)
        for said, true in told
    )
    return same or _differs("probabilities")


def _same_decisions(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    ours, theirs = onnx.decisions(features), fitted.decisions(features)
    if ours is None or theirs is None:
        return ours is theirs or _differs("outputs")
    usable = ~np.isnan(fitted.predict(features).labels)
    return _close(ours[usable], theirs[usable], DECISION_TOLERANCE) or _differs("decisions")


def _close(ours: Floats, theirs: Floats, tolerance: float) -> bool:
    """Within the tolerance, relative to the number or to the median; no number in the same places."""
    known = np.isfinite(theirs)
    usual = float(np.median(np.abs(theirs[known]))) if known.any() else 0.0
    within = np.allclose(ours[known], theirs[known], rtol=tolerance, atol=tolerance * usual)
    return within and not np.isfinite(ours[~known]).any()


def _differs(what: str) -> bool:
    log.warning("Kept in joblib form, as its ONNX form gives other %s", what)
    return False
