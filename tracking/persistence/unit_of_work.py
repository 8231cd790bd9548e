"""Tracking's transaction: it reads training sets, and writes down who did what."""

from typing import Self

from db.audit import AuditRepository
from db.unit_of_work import UnitOfWork
from tracking.persistence.repository.training_sets import TrainingSetRepository


class TrackingUnitOfWork(UnitOfWork):
    """A transaction with tracking's repositories in it."""

    training_sets: TrainingSetRepository
    audit: AuditRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.training_sets = TrainingSetRepository(self.session)
        self.audit = AuditRepository(self.session, "tracking")
        return self
