"""Wires tracking: the one place where its parts are made."""

from flask import Flask

from db.database import DATABASE, check_database, connections_in_use, make_database, own_connections
from db.idempotency import AnswerStore
from fleet.mlflow_client import connect
from fleet.sibling import Sibling
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from tracking.config.settings import TrackingSettings
from tracking.persistence.repository.experiment_store import ExperimentStore
from tracking.persistence.repository.ml_model_client import MlModelClient
from tracking.persistence.repository.recording_locks import RecordingLocks
from tracking.persistence.repository.recordings import Recordings
from tracking.persistence.repository.search_log import SearchLog
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.experiments import ExperimentService
from tracking.service.model_setting import ModelSettingService
from tracking.service.optimisation import OptimisationService
from tracking.service.runs import RunService
from tracking.service.searching import SearchProcesses
from tracking.service.unfinished import Unfinished
from tracking.service.warm_up import WarmUp
from tracking.web.controller.experiments import Experiments
from tracking.web.controller.model_management import ModelManagement
from tracking.web.controller.runs import Runs


def create_app(settings: TrackingSettings | None = None, warm_up: WarmUp | None = None) -> Flask:
    """Tracking's app; settings come from the environment unless given.

    warm_up: one that apps of the same process share.
    """
    settings = settings or TrackingSettings()
    warm_up = warm_up or WarmUp(SearchProcesses())
    app = make_app("tracking", settings)
    database = make_database(
        app,
        settings.database_address(),
        connections=settings.connections,
        statement_timeout_s=settings.request_timeout_s,
    )
    single_connections = own_connections(app, database)
    keep_answers(app, AnswerStore(single_connections).claim)
    metrics_of(app).watch_pool(settings.connections, connections_in_use(app, database))
    client = connect(settings.mlflow_url, timeout_s=settings.mlflow_timeout_s)
    store = ExperimentStore(
        client, timeout_s=settings.mlflow_timeout_s, look_s=settings.mlflow_change_timeout_s
    )
    locks = RecordingLocks(single_connections)
    ml_model = Sibling(
        "ml_model",
        settings.ml_model_url,
        timeout_s=settings.ml_model_timeout_s,
        key=settings.sibling_key.get_secret_value(),
    )

    def units() -> TrackingUnitOfWork:
        return TrackingUnitOfWork(database.session)

    optimisation = OptimisationService(
        units,
        SearchLog(client, locks.held),
        bounds=Bounds(settings.max_combinations, settings.max_fits),
        searcher=warm_up.searcher,
    )
    setting = ModelSettingService(store, MlModelClient(ml_model), units)
    routes = [
        Route(ModelManagement, ["/model_management"], {"optimisation": optimisation, "setting": setting}),
        Route(Experiments, ["/experiments"], {"experiments": ExperimentService(store, units)}),
        Route(Runs, ["/runs"], {"runs": RunService(store, units)}),
    ]

    ready = Readiness(
        app,
        {
            "The warm-up": warm_up.check,
            DATABASE: lambda: check_database(database.session()),
            "MLflow": store.ping,
        },
    )
    add_routes(app, routes, prefixes=[settings.path], ready=ready)
    unfinished = Unfinished(Recordings(client), locks.claimed)
    run_in_background(app, Background([unfinished.start], [unfinished.stop, warm_up.stop]))
    warm_up.start()
    return app
