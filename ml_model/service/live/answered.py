"""Rows that were answered, put together as they are stored, with what shadows say of them."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from db.categories import Unlisted
from db.definition import Task, UseCase
from ml_model.persistence.model.live_rows import LivePredictions, LiveRows
from ml_model.service.live.models import Live
from ml_model.service.live.opened import Served

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answered:
    """Rows that one model has answered. numbers: their sample_index; at: seconds since 1970.

    unlisted: names of categories that are NaN in features.
    """

    live: Live
    served: Served
    numbers: range
    features: Floats
    labels: Floats
    probabilities: Floats | None
    at: float
    unlisted: Unlisted = field(default_factory=dict)

    @property
    def use_case(self) -> UseCase:
        """Whose rows they are."""
        return self.live.use_case


def count_rows(answered: Sequence[Answered]) -> int:
    """How many rows all have."""
    return sum(len(each.numbers) for each in answered)


def count_classes(answered: Sequence[Answered]) -> Mapping[int, int]:
    """How often each class was predicted; nothing of a regression."""
    if answered[0].use_case.task is not Task.CLASSIFICATION:
        return {}
    values, counts = np.unique(np.concatenate([each.labels for each in answered]), return_counts=True)
    return dict(zip(values.astype(int).tolist(), counts.tolist(), strict=True))


def as_stored(answered: Sequence[Answered]) -> tuple[LiveRows, list[LivePredictions]]:
    """Rows of one use case, what was answered, and what the shadows of each row's time say of it."""
    lengths = [len(each.numbers) for each in answered]
    rows = LiveRows(
        numbers=np.concatenate([np.arange(each.numbers.start, each.numbers.stop) for each in answered]),
        features=np.concatenate([each.features for each in answered]),
        at=np.repeat(np.array([each.at * 1e6 for each in answered]).astype("datetime64[us]"), lengths),
        unlisted=_unlisted(answered),
    )
    answers = LivePredictions(
        numbers=rows.numbers,
        labels=np.concatenate([each.labels for each in answered]),
        probabilities=_joined([each.probabilities for each in answered], lengths),
        deployments=np.repeat([each.served.deployment_id for each in answered], lengths),
        at=rows.at,
    )
    return rows, [answers, *_shadowed(answered, rows, lengths)]


def _unlisted(answered: Sequence[Answered]) -> Unlisted:
    """Of all of them, their rows counted on."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    if not any(answered[0].use_case.category_counts):
        return found
    start = 0
    for each in answered:
        for feature, names in each.unlisted.items():
            found[feature] |= {start + row: name for row, name in names.items()}
        start += len(each.numbers)
    return found


def _joined(parts: Sequence[Floats | None], lengths: Sequence[int]) -> Floats:
    """NaN for the rows of a model that gives no probability."""
    return np.concatenate(
        [
            np.full(length, np.nan) if part is None else part
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _shadowed(answered: Sequence[Answered], rows: LiveRows, lengths: Sequence[int]) -> list[LivePredictions]:
    shadows = {served.deployment_id: served for each in answered for served in each.live.shadows}
    told = []
    for number, served in shadows.items():
        saw = [number in [shadow.deployment_id for shadow in each.live.shadows] for each in answered]
        answered_itself = [each.served.deployment_id == number for each in answered]
        which = np.repeat(np.array(saw) & ~np.array(answered_itself), lengths)
        if not which.any():
            continue
        try:
            told.append(_told(served, rows, which))
        except Exception:
            log.exception("Shadow %s can say nothing of %s rows", number, which.sum())
    return told


def _told(served: Served, rows: LiveRows, which: Flags) -> LivePredictions:
    """What a shadow says of some rows, less those of which it gives no finite number."""
    predicted = served.predictor.predict(rows.features[which])
    probabilities, finite = predicted.probabilities, np.isfinite(predicted.labels)
    return LivePredictions(
        numbers=rows.numbers[which][finite],
        labels=predicted.labels[finite],
        probabilities=np.full(int(finite.sum()), np.nan) if probabilities is None else probabilities[finite],
        deployments=np.full(int(finite.sum()), served.deployment_id),
        at=rows.at[which][finite],
    )
