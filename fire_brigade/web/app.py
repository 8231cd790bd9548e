"""Wires the fire brigade's service."""

from threading import Thread

from flask import Flask

from fire_brigade.composition import make_logs, make_steps
from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.repository.job_files import JobFiles
from fire_brigade.persistence.repository.log_files import API, ToProcessLog
from fire_brigade.persistence.repository.pushgateway import BackgroundPushes
from fire_brigade.service.jobs import Jobs
from fire_brigade.service.paths import Folders
from fire_brigade.web.controller.build_features import BuildFeatures
from fire_brigade.web.controller.health import Health
from fire_brigade.web.controller.jobs import Job
from fire_brigade.web.controller.predict import Predict
from fire_brigade.web.controller.process_data import ProcessData
from fire_brigade.web.controller.train_model import TrainModel
from fire_brigade.web.credentials import say_invalid_credentials
from fire_brigade.web.request_log import log_requests
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background

JOBS = "/jobs"


def create_app(settings: FireBrigadeSettings | None = None) -> Flask:
    """The service's app; settings come from the environment unless given."""
    settings = settings or FireBrigadeSettings()
    settings = settings.model_copy(update={"users": settings.all_users})
    app = make_app("fire_brigade", settings)
    logs = make_logs(settings, ToProcessLog(), BackgroundPushes)
    logs.take_warnings()
    say_invalid_credentials(app)
    log_requests(app, logs.metrics_loggers[API])
    steps = make_steps(settings, logs)
    jobs = Jobs(JobFiles(settings.chemin_data / "jobs"))
    folders = Folders(settings.chemin_data, settings.chemin_model)
    routes = [
        Route(Health, ["/health"], {"places": steps.places}),
        Route(
            ProcessData,
            ["/process_data"],
            {"steps": steps, "jobs": jobs, "jobs_path": settings.path + JOBS},
        ),
        Route(Job, [f"{JOBS}/<job_id>"], {"jobs": jobs}),
        Route(BuildFeatures, ["/build_features"], {"steps": steps}),
        Route(TrainModel, ["/train_model"], {"steps": steps, "folders": folders}),
        Route(Predict, ["/predict"], {"steps": steps}),
    ]
    run_in_background(app, Background([lambda: Thread(target=steps.end_stale, daemon=True).start()]))
    add_routes(app, routes, prefixes=[settings.path], ready=steps.degraded)
    return app
