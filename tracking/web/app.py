"""Puts the web before tracking."""

from flask import Flask

from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from tracking.config.settings import TrackingSettings
from tracking.service.warm_up import WarmUp
from tracking.services import create_services
from tracking.web.controller.comparing import Comparison, Leaderboard
from tracking.web.controller.experiments import Experiments
from tracking.web.controller.model_management import ModelManagement
from tracking.web.controller.runs import Runs


def create_app(settings: TrackingSettings | None = None, warm_up: WarmUp | None = None) -> Flask:
    """Tracking's app; settings come from the environment unless given.

    warm_up: one that apps of the same process share.
    """
    settings = settings or TrackingSettings()
    app = make_app("tracking", settings)
    services = create_services(settings, warm_up)
    keep_answers(app, AnswerStore(services.single_connections).claim)
    metrics_of(app).watch_pool(services.database.connections, services.database.in_use)
    managing = {"optimisation": services.optimisation, "setting": services.setting}
    routes = [
        Route(ModelManagement, ["/model_management"], managing),
        Route(Experiments, ["/experiments"], {"experiments": services.experiments}),
        Route(Runs, ["/runs"], {"runs": services.runs}),
        Route(Leaderboard, ["/leaderboard"], {"comparison": services.comparison}),
        Route(Comparison, ["/compare"], {"comparison": services.comparison}),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    run_in_background(app, Background([services.unfinished.start], [services.stop]))
    services.warm_up.start()
    return app
