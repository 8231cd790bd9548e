"""Monitoring's transaction."""

from typing import Self

from db.unit_of_work import UnitOfWork
from monitoring.persistence.repository.judged_samples import JudgedSampleRepository
from monitoring.persistence.repository.results import ResultRepository


class MonitoringUnitOfWork(UnitOfWork):
    """A transaction with monitoring's repositories in it."""

    samples: JudgedSampleRepository
    results: ResultRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = JudgedSampleRepository(self.session)
        self.results = ResultRepository(self.session)
        return self
