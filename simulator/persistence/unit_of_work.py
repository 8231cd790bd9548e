"""The simulator's transaction."""

from typing import Self

from db.audit import AuditRepository
from db.retention import RetentionRepository
from db.unit_of_work import UnitOfWork
from simulator.persistence.repository.live_models import LiveModelRepository
from simulator.persistence.repository.samples import SampleRepository
from simulator.persistence.repository.uploads import UploadRepository


class SimulatorUnitOfWork(UnitOfWork):
    """A transaction with the simulator's repositories in it."""

    samples: SampleRepository
    audit: AuditRepository
    retention: RetentionRepository
    uploads: UploadRepository
    live_models: LiveModelRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = SampleRepository(self.session)
        self.audit = AuditRepository(self.session, "simulator")
        self.retention = RetentionRepository(self.session)
        self.uploads = UploadRepository(self.session)
        self.live_models = LiveModelRepository(self.session)
        return self
