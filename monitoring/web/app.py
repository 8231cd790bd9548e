"""Wires monitoring: the one place where its parts are made."""

from flask import Flask

from db.database import DATABASE, check_database, connections_in_use, make_database, own_connections
from db.idempotency import AnswerStore
from fleet.caller import Caller
from fleet.sibling import Sibling
from fleet.web.app import Route, add_routes, make_app
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.repository.ml_model_client import MlModelClient
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.engine import Engine
from monitoring.service.kept_results import KeptResults
from monitoring.service.monitoring import MonitoringService
from monitoring.web.controller.monitoring import Monitoring
from monitoring.web.controller.results import Result, Results
from monitoring.web.metrics import verdict_metrics


def create_app(settings: MonitoringSettings | None = None) -> Flask:
    """Monitoring's app; settings come from the environment unless given."""
    settings = settings or MonitoringSettings()
    app = make_app("monitoring", settings)
    database = make_database(
        app,
        settings.database_address(),
        connections=settings.connections,
        statement_timeout_s=settings.request_timeout_s,
    )
    keep_answers(app, AnswerStore(own_connections(app, database)).claim)
    metrics = metrics_of(app)
    metrics.watch_pool(settings.connections, connections_in_use(app, database))
    ml_model = Sibling(
        "ml_model",
        settings.ml_model_url,
        timeout_s=settings.ml_model_timeout_s,
        key=settings.sibling_key.get_secret_value(),
    )

    def units() -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(database.session)

    def trained(caller: Caller) -> str | None:
        with units() as work:
            return work.audit.subject_of("ml_model", "train", caller)

    engine = Engine()
    monitoring = MonitoringService(units, engine, MlModelClient(ml_model, trained))
    metrics.read_at_scrape(lambda: verdict_metrics(monitoring.last_verdicts()))

    ready = Readiness(
        app,
        {"Evidently": engine.check, DATABASE: lambda: check_database(database.session())},
    )
    results = KeptResults(units)
    routes = [
        Route(Monitoring, [""], {"monitoring": monitoring}),
        Route(Results, ["/results"], {"results": results}),
        Route(Result, ["/results/<int:result_id>"], {"results": results}),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=ready)
    engine.start()
    return app
