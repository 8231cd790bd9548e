"""Puts the web before the simulator."""

from flask import Flask

from fleet.web.app import Route, add_routes, make_app
from fleet.web.health import Readiness
from fleet.web.metrics import metrics_of
from simulator.config.settings import SimulatorSettings
from simulator.services import create_services
from simulator.web.controller.retention import Prune
from simulator.web.controller.simulator import Simulator
from simulator.web.controller.use_cases import UseCase, UseCases


def create_app(settings: SimulatorSettings | None = None) -> Flask:
    """The simulator's app; settings come from the environment unless given."""
    settings = settings or SimulatorSettings()
    app = make_app("simulator", settings)
    services = create_services(settings)
    metrics_of(app).watch_pool(services.database.connections, services.database.in_use)
    use_cases = {"use_cases": services.use_cases}
    routes = [
        Route(Simulator, [""], {"simulator": services.simulator}),
        Route(UseCases, ["/use_cases"], use_cases),
        Route(UseCase, ["/use_cases/<name>"], use_cases),
        Route(Prune, ["/prune"], {"retention": services.retention}),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    services.start()
    return app
