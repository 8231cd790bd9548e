"""The simulator's transaction."""

from typing import Self

from db.unit_of_work import UnitOfWork
from simulator.persistence.repository.samples import SampleRepository


class SimulatorUnitOfWork(UnitOfWork):
    """A transaction with the simulator's repository in it."""

    samples: SampleRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = SampleRepository(self.session)
        return self
