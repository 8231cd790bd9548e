"""The simulator's working parts, with or without a web before them."""

import logging
from dataclasses import dataclass

from db.database import DATABASE, Database
from fleet.errors import FleetError, UnavailableError
from fleet.health import Checks
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.retention import RetentionService
from simulator.service.simulator import SimulatorService
from simulator.service.use_cases import UseCaseService

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimulatorServices:
    """What the simulator does. checks: what it needs to answer."""

    database: Database
    checks: Checks
    simulator: SimulatorService
    use_cases: UseCaseService
    retention: RetentionService

    def start(self) -> None:
        """Register the use cases whose definitions are files; where PostgreSQL is away, they are later."""
        try:
            self.simulator.register()
        except UnavailableError:
            log.warning("PostgreSQL cannot be reached yet: use cases are registered as soon as it can")


def create_services(settings: SimulatorSettings) -> SimulatorServices:
    """Made, but not started; nothing is asked of PostgreSQL yet."""
    database = Database("simulator", settings)

    def units() -> SimulatorUnitOfWork:
        return SimulatorUnitOfWork(database.sessions)

    unusable: dict[str, FleetError] = {}
    definitions = read_definitions(settings.use_cases_dir, unusable)
    for error in unusable.values():
        log.warning("%s. %s", error.error, error.message)
    known = KnownUseCases(
        definitions,
        DataFiles(settings.data_dir),
        unusable,
        most_synthetic=settings.synthetic_memory_mb << 20,
    )
    simulator = SimulatorService(known, units)
    checks: Checks = {
        DATABASE: database.check,
        "The list of use cases in the dataset database": simulator.degraded,
    }
    return SimulatorServices(
        database, checks, simulator, UseCaseService(known, units), RetentionService(units)
    )
