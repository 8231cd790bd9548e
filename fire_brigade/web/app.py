"""Puts the web before the fire brigade's working parts."""

from threading import Thread

from flask import Flask

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.repository.log_files import API
from fire_brigade.services import create_services
from fire_brigade.web.controller.health import Health
from fire_brigade.web.controller.process_data import ProcessData
from fire_brigade.web.controller.steps import BuildFeatures, Predict, TrainModel
from fire_brigade.web.habits import log_requests, say_invalid_credentials
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.health import Readiness
from fleet.web.jobs import job_routes
from fleet.web.metrics import metrics_of


def create_app(settings: FireBrigadeSettings | None = None) -> Flask:
    """The service's app; settings come from the environment unless given."""
    settings = settings or FireBrigadeSettings()
    app = make_app("fire_brigade", settings.model_copy(update={"users": settings.all_users}))
    services = create_services(settings)
    jobs, models = services.jobs, services.models
    say_invalid_credentials(app)
    log_requests(app, services.logs.metrics_loggers[API])
    working = {"jobs": jobs, "path": settings.path}
    metrics_of(app).add_counted_in(settings.figures)
    routes = [
        Route(Health, ["/health"], {"places": services.places}),
        Route(ProcessData, ["/process_data"], working),
        Route(BuildFeatures, ["/build_features"], working),
        Route(TrainModel, ["/train_model"], {**working, "models": models, "folders": services.folders}),
        Route(Predict, ["/predict"], {"models": models}),
        *job_routes(jobs),
    ]
    run_in_background(app, Background([lambda: Thread(target=models.end_stale, daemon=True).start()]))
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    return app
