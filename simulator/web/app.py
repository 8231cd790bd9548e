"""Wires the simulator: the one place where its parts are made."""

import logging

from flask import Flask

from db.database import DATABASE, check_database, connections_in_use, make_database
from fleet.errors import FleetError, UnavailableError
from fleet.web.app import Route, add_routes, make_app
from fleet.web.health import Readiness
from fleet.web.metrics import metrics_of
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.retention import RetentionService
from simulator.service.simulator import SimulatorService
from simulator.service.use_cases import UseCaseService
from simulator.web.controller.retention import Prune
from simulator.web.controller.simulator import Simulator
from simulator.web.controller.use_cases import UseCase, UseCases

log = logging.getLogger(__name__)


def create_app(settings: SimulatorSettings | None = None) -> Flask:
    """The simulator's app; settings come from the environment unless given."""
    settings = settings or SimulatorSettings()
    app = make_app("simulator", settings)
    database = make_database(
        app,
        settings.database_address(),
        connections=settings.connections,
        statement_timeout_s=settings.request_timeout_s,
    )
    metrics_of(app).watch_pool(settings.connections, connections_in_use(app, database))

    def units() -> SimulatorUnitOfWork:
        return SimulatorUnitOfWork(database.session)

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
    simulator, use_cases = SimulatorService(known, units), UseCaseService(known, units)

    ready = Readiness(
        app,
        {
            DATABASE: lambda: check_database(database.session()),
            "The list of use cases in the dataset database": simulator.degraded,
        },
    )
    routes = [
        Route(Simulator, [""], {"simulator": simulator}),
        Route(UseCases, ["/use_cases"], {"use_cases": use_cases}),
        Route(UseCase, ["/use_cases/<name>"], {"use_cases": use_cases}),
        Route(Prune, ["/prune"], {"retention": RetentionService(units)}),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=ready)
    with app.app_context():
        try:
            simulator.register()
        except UnavailableError:
            log.warning("PostgreSQL cannot be reached yet: use cases are registered as soon as it can")
    return app
