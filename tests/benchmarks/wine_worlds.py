"""Wines without end, models of them, and what the loop would say: a world whose truth is known.

Wines are a smoothed bootstrap of the 178: a wine, plus a quarter of its class's spread, rounded as the
original is. So rows are drawn anew for every stream, hardly one twice, with ties as in the original; a
reference and unchanged windows are from the very same distribution.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from fleet.catalogue import build_pipeline
from ml_model.service.paired_losses import brier_losses, loss_sums, zero_one_losses
from monitoring.persistence.model.judged_sets import PREDICTION
from monitoring.persistence.model.policy import Evidence
from monitoring.service.evidence.decision import Figures
from monitoring.service.evidence.distinct import counts_once, first_of_each
from monitoring.service.evidence.drift import measure_drift
from monitoring.service.evidence.figures import (
    LossSums,
    Side,
    category_figures,
    number_figures,
)
from monitoring.service.evidence.harm import measure_harm

Floats = NDArray[np.float64]

TRAINING, TESTING, CLASSES, FOLDS = 142, 36, 3, 5
SMOOTHING = 0.25
DECIMALS = (2, 2, 2, 1, 0, 2, 2, 2, 2, 2, 3, 2, 0)
SETTINGS = (
    ("LogisticRegression", {"C": 1.0}),
    ("RandomForest", {"n_estimators": 20}),
    ("SVC", {"C": 1.0}),
)


@dataclass(frozen=True)
class Wines:
    """features: (rows, 13); target: (rows,), classes from 0."""

    features: Floats
    target: Floats

    def part(self, rows: slice | NDArray[np.intp] | NDArray[np.bool_]) -> "Wines":
        """Some of them."""
        return Wines(self.features[rows], self.target[rows])


@cache
def original() -> Wines:
    """The 178."""
    features, target = load_wine(return_X_y=True)
    return Wines(features, target.astype(float))


def draw(rows: int, random: np.random.Generator) -> Wines:
    """New wines."""
    wines = original()
    chosen = wines.part(random.integers(0, len(wines.target), rows))
    features = chosen.features.copy()
    for number in range(CLASSES):
        own = chosen.target == number
        spread = np.cov(wines.features[wines.target == number], rowvar=False)
        features[own] += SMOOTHING * random.multivariate_normal(np.zeros(13), spread, int(own.sum()))
    for column, decimals in enumerate(DECIMALS):
        features[:, column] = features[:, column].round(decimals)
    return Wines(features, chosen.target)


def fit(wines: Wines, setting: int) -> Pipeline:
    """A model as the fleet would make it."""
    name, hyperparameters = SETTINGS[setting % len(SETTINGS)]
    pipeline = build_pipeline(name, hyperparameters, classes=CLASSES)
    with config_context(skip_parameter_validation=True):  # of each tree's; a fifth of the time
        return pipeline.fit(wines.features, wines.target)


def losses_of(model: Pipeline, wines: Wines) -> tuple[Floats, Floats]:
    """Labels and losses, (rows,) each: Brier's, or 0/1 where the model has no probabilities."""
    if not hasattr(model, "predict_proba"):
        labels = model.predict(wines.features)
        return labels, zero_one_losses(wines.target, labels)
    probabilities = model.predict_proba(wines.features)
    labels = model.classes_[probabilities.argmax(axis=1)]
    return labels, brier_losses(wines.target, probabilities, model.classes_)


@dataclass(frozen=True)
class Judged:
    """Rows as the loop sees them: features, then the predicted class; and their losses."""

    rows: Floats
    losses: Floats

    def side(self) -> Side:
        """Their columns."""
        columns = {str(column): number_figures(self.rows[:, column]) for column in range(13)}
        return columns | {PREDICTION: category_figures(self.rows[:, 13], CLASSES)}

    def sums(self) -> LossSums:
        """Their losses, as `evaluate` answers them."""
        return LossSums(**loss_sums(self.losses).as_dict())  # type: ignore[arg-type]

    def part(self, rows: slice | NDArray[np.bool_]) -> "Judged":
        """Some of them."""
        return Judged(self.rows[rows], self.losses[rows])


@dataclass(frozen=True)
class Deployment:
    """A model, and the rows that it learned from (out of fold) with its testing set."""

    model: Pipeline
    reference: Judged

    @classmethod
    def trained(cls, training: Wines, testing: Wines, setting: int) -> "Deployment":
        """Train one, as ml_model would."""
        labels, losses = np.empty(len(training.target)), np.empty(len(training.target))
        for learned, held in StratifiedKFold(FOLDS).split(training.features, training.target):
            model = fit(training.part(learned), setting)
            labels[held], losses[held] = losses_of(model, training.part(held))
        model = fit(training, setting)
        tested, test_losses = losses_of(model, testing)
        features = np.concatenate([training.features, testing.features])
        rows = np.column_stack([features, np.concatenate([labels, tested])])
        return cls(model, Judged(rows, np.concatenate([losses, test_losses])))

    @classmethod
    def new(cls, random: np.random.Generator, setting: int) -> "Deployment":
        """One trained on new wines."""
        return cls.trained(draw(TRAINING, random), draw(TESTING, random), setting)

    def judge(self, wines: Wines) -> Judged:
        """What it says of wines."""
        labels, losses = losses_of(self.model, wines)
        return Judged(np.column_stack([wines.features, labels]), losses)

    def figures(self, stream: Judged, window: int, evidence: Evidence) -> Iterator[Figures]:
        """Of every full window of a stream, with the truth. See `without_truth`."""
        reference, sums = self.reference.side(), self.reference.sums()
        once = counts_once(self.reference.rows[:, :13])
        for end in range(window, len(stream.losses) + 1, window):
            now = _counted(stream.part(slice(end - window, end)), once=once)
            last = _counted(stream.part(slice(max(0, end - 3 * window), end)), once=once)
            yield Figures(
                window,
                len(now.losses),
                evidence,
                measure_drift(reference, now.side()),
                measure_drift(reference, last.side()),
                measure_harm(sums, now.sums()),
                measure_harm(sums, last.sums()),
            )


def without_truth(figures: Figures) -> Figures:
    """The same window while no row has a target."""
    unknown = replace(figures.harm, rows=0, mean=None, p=None)
    return replace(figures, harm=unknown, pooled_harm=unknown)


def _counted(judged: Judged, *, once: bool) -> Judged:
    return judged.part(first_of_each(judged.rows[:, :13])) if once else judged
