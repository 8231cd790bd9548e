"""Puts the web before the simulator."""

from flask import Flask

from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.jobs import job_routes
from fleet.web.metrics import metrics_of
from simulator.config.settings import SimulatorSettings
from simulator.services import create_services
from simulator.web.controller.retention import Prune
from simulator.web.controller.simulator import Simulator
from simulator.web.controller.streams import Streams
from simulator.web.controller.use_cases import UseCase, UseCases


def create_app(settings: SimulatorSettings | None = None) -> Flask:
    """The simulator's app; settings come from the environment unless given."""
    settings = settings or SimulatorSettings()
    app = make_app("simulator", settings)
    services = create_services(settings)
    keep_answers(app, AnswerStore(services.single_connections).claim)
    metrics_of(app).watch_pool(services.database.connections, services.database.in_use)
    use_cases = {"use_cases": services.use_cases}
    streams = {"streams": services.streams, "jobs": services.jobs, "path": settings.path}
    routes = [
        Route(Simulator, [""], {"simulator": services.simulator}),
        Route(UseCases, ["/use_cases"], use_cases),
        Route(UseCase, ["/use_cases/<name>"], use_cases),
        Route(Prune, ["/prune"], {"retention": services.retention}),
        Route(Streams, ["/stream"], streams),
        *job_routes(services.jobs),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    services.start()
    return app
