"""The simulator's working parts, with or without a web before them."""

import logging
from dataclasses import dataclass

from sqlalchemy import Engine

from db.database import DATABASE, Database
from db.jobs.jobs import JobsInDatabase
from fleet.errors import FleetError, UnavailableError
from fleet.health import Checks
from fleet.sibling import Sibling
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.repository.ml_model_client import MlModelClient
from simulator.persistence.repository.sent_batches import SentBatches
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.retention import RetentionService
from simulator.service.simulator import SimulatorService
from simulator.service.streaming import StreamService
from simulator.service.use_cases import UseCaseService

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimulatorServices:
    """What the simulator does. checks: what it needs to answer. single_connections: outside of the pool."""

    database: Database
    single_connections: Engine
    checks: Checks
    jobs: JobsInDatabase
    simulator: SimulatorService
    use_cases: UseCaseService
    retention: RetentionService
    streams: StreamService

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
    limit_s, most_waiting = settings.job_timeout_s, settings.max_jobs_waiting
    jobs = JobsInDatabase("simulator", database.sessions, limit_s=limit_s, most_waiting=most_waiting)
    checks: Checks = {
        DATABASE: database.check,
        "The list of use cases in the dataset database": simulator.degraded,
        "Its workers": jobs.degraded,
    }
    return SimulatorServices(
        database,
        database.own_connections(),
        checks,
        jobs,
        simulator,
        UseCaseService(known, units),
        RetentionService(units),
        StreamService(
            known,
            units,
            MlModelClient(_ml_model(settings)),
            lambda job_id: SentBatches(job_id, database.sessions),
            limit_s=limit_s,
        ),
    )


def _ml_model(settings: SimulatorSettings) -> Sibling:
    key = settings.sibling_key.get_secret_value()
    return Sibling("ml_model", settings.ml_model_url, timeout_s=settings.ml_model_timeout_s, key=key)
