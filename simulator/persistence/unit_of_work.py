"""The simulator's transaction."""

from typing import Self

from db.audit import AuditRepository
from db.live import live_deployment
from db.retention import RetentionRepository
from db.unit_of_work import UnitOfWork
from simulator.persistence.repository.samples import SampleRepository
from simulator.persistence.repository.uploads import UploadRepository


class SimulatorUnitOfWork(UnitOfWork):
    """A transaction with the simulator's repositories in it."""

    samples: SampleRepository
    audit: AuditRepository
    retention: RetentionRepository
    uploads: UploadRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = SampleRepository(self.session)
        self.audit = AuditRepository(self.session, "simulator")
        self.retention = RetentionRepository(self.session)
        self.uploads = UploadRepository(self.session)
        return self

    def has_live(self, use_case: str) -> bool:
        """Whether a model of the use case answers live rows."""
        return live_deployment(self.session, use_case) is not None
