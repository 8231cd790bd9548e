"""Tracking's transaction: it only reads."""

from typing import Self

from db.unit_of_work import UnitOfWork
from tracking.persistence.repository.training_sets import TrainingSetRepository


class TrackingUnitOfWork(UnitOfWork):
    """A transaction with tracking's repository in it."""

    training_sets: TrainingSetRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.training_sets = TrainingSetRepository(self.session)
        return self
