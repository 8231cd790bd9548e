"""Monitoring's transaction."""

from typing import Self

from db.audit import AuditRepository
from db.unit_of_work import UnitOfWork
from monitoring.persistence.repository.judged_samples import JudgedSampleRepository
from monitoring.persistence.repository.results import ResultRepository


class MonitoringUnitOfWork(UnitOfWork):
    """A transaction with monitoring's repositories in it."""

    samples: JudgedSampleRepository
    results: ResultRepository
    audit: AuditRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = JudgedSampleRepository(self.session)
        self.results = ResultRepository(self.session)
        self.audit = AuditRepository(self.session, "monitoring")
        return self
