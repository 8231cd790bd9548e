"""Rows that were sent again: they are no more evidence, and whoever has learned from one knows the others."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from db.definition import UseCase
from fleet.errors import SiblingRefusedError
from monitoring.persistence.model.loop import MARK, Loop
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.evidence.distinct import FEW_DUPLICATES

R = TypeVar("R")
GONE = "unknown_samples"  # as ml_model's error


def chosen_once_more(decide: Callable[[], R]) -> R:
    """What chooses rows and has ml_model read them; again if some are gone then, replaced or pruned."""
    try:
        return decide()
    except SiblingRefusedError as error:
        if error.code != GONE:
            raise
    return decide()


def counts_once(work: MonitoringUnitOfWork, use_case: UseCase) -> bool:
    """Whether equal rows count once: not where they are usual, as training tells."""
    rows, different = work.labelled.training_rows(use_case)
    return not rows or (rows - different) / rows < FEW_DUPLICATES


def different(work: MonitoringUnitOfWork, use_case: UseCase, numbers: Sequence[int]) -> list[int]:
    """The labelled ones of the rows; of equal ones with the same truth the first."""
    digests = work.labelled.digests(use_case, numbers)
    if not counts_once(work, use_case):
        return list(digests)
    first = {each.truly: number for number, each in reversed(digests.items())}
    return [number for number, each in digests.items() if first[each.truly] == number]


def new_to_both(
    work: MonitoringUnitOfWork, use_case: UseCase, loop: Loop, numbers: Sequence[int]
) -> list[int]:
    """Those that count in a loop's gate: different ones, and none that equals a row that was learned from."""
    rows = different(work, use_case, numbers)
    if not counts_once(work, use_case):
        return rows
    features = {number: each.features for number, each in work.labelled.digests(use_case, rows).items()}
    snapshot = loop.last("snapshot")
    mark = 0 if snapshot is None else int(snapshot.figures[MARK])
    known = work.labelled.learned(use_case, set(features.values()), mark, loop.id)
    return [number for number, each in features.items() if each not in known]
