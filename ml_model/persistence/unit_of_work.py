"""The transaction of ml_model."""

from typing import Self

from db.audit import AuditRepository
from db.references import ReferenceRepository
from db.snapshots import SnapshotRepository
from db.unit_of_work import UnitOfWork
from ml_model.persistence.repository.deployments import DeploymentRepository
from ml_model.persistence.repository.history import HistoryRepository
from ml_model.persistence.repository.live_samples import LiveSampleRepository
from ml_model.persistence.repository.roles import RoleRepository
from ml_model.persistence.repository.samples import SampleRepository


class MlModelUnitOfWork(UnitOfWork):
    """A transaction with the repositories of ml_model in it."""

    deployments: DeploymentRepository
    history: HistoryRepository
    roles: RoleRepository
    samples: SampleRepository
    live_samples: LiveSampleRepository
    snapshots: SnapshotRepository
    references: ReferenceRepository
    audit: AuditRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.deployments = DeploymentRepository(self.session)
        self.history = HistoryRepository(self.session)
        self.roles = RoleRepository(self.session)
        self.samples = SampleRepository(self.session)
        self.live_samples = LiveSampleRepository(self.session)
        self.snapshots = SnapshotRepository(self.session)
        self.references = ReferenceRepository(self.session)
        self.audit = AuditRepository(self.session, "ml_model")
        return self
