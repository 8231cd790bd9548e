"""Puts the web before tracking."""

from flask import Flask

from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.jobs import job_routes
from fleet.web.metrics import metrics_of
from tracking.config.settings import TrackingSettings
from tracking.services import create_services
from tracking.web.controller.comparing import Comparison, Leaderboard
from tracking.web.controller.experiments import Experiments
from tracking.web.controller.model_management import ModelManagement
from tracking.web.controller.runs import Runs


def create_app(settings: TrackingSettings | None = None) -> Flask:
    """Tracking's app; settings come from the environment unless given."""
    settings = settings or TrackingSettings()
    app = make_app("tracking", settings)
    services = create_services(settings)
    keep_answers(app, AnswerStore(services.single_connections).claim)
    metrics_of(app).watch_pool(services.database.connections, services.database.in_use)
    managing = {
        "optimisation": services.optimisation,
        "setting": services.setting,
        "jobs": services.jobs,
        "path": settings.path,
    }
    routes = [
        Route(ModelManagement, ["/model_management"], managing),
        Route(Experiments, ["/experiments"], {"experiments": services.experiments}),
        Route(Runs, ["/runs"], {"runs": services.runs}),
        Route(Leaderboard, ["/leaderboard"], {"comparison": services.comparison}),
        Route(Comparison, ["/compare"], {"comparison": services.comparison}),
        *job_routes(services.jobs),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    run_in_background(app, Background([services.unfinished.start], [services.stop]))
    return app
