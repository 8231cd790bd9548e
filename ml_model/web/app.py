"""Wires ml_model: the one place where its parts are made."""

from flask import Flask

from db.database import check_database, connections_in_use, make_database, own_connections
from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from ml_model.config.settings import MlModelSettings
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.audit_trail import AuditTrail
from ml_model.service.history import History
from ml_model.service.ml_service import MlService
from ml_model.service.roles import Roles
from ml_model.web.controller.audit import Audit
from ml_model.web.controller.deployments import DeploymentRole, Deployments, OneDeployment, Rollback
from ml_model.web.controller.model import Model
from ml_model.web.controller.set_model import SetModel
from ml_model.web.metrics import count_predictions, live_metrics


def create_app(settings: MlModelSettings | None = None) -> Flask:
    """The app of ml_model; settings come from the environment unless given."""
    settings = settings or MlModelSettings()
    app = make_app("ml_model", settings)
    database = make_database(
        app,
        settings.database_address(),
        connections=settings.connections,
        statement_timeout_s=settings.request_timeout_s,
    )
    keep_answers(app, AnswerStore(own_connections(app, database)).claim)
    metrics = metrics_of(app)
    metrics.watch_pool(settings.connections, connections_in_use(app, database))

    def units() -> MlModelUnitOfWork:
        return MlModelUnitOfWork(database.session)

    models = MlService(
        units,
        settings.artifact_key.get_secret_value().encode(),
        predicted=count_predictions(metrics.registry),
    )
    metrics.read_at_scrape(lambda: live_metrics(models.live()))
    history, roles = History(units), Roles(units)
    routes = [
        Route(Audit, ["/audit"], {"trail": AuditTrail(units)}),
        Route(Deployments, ["/deployments"], {"history": history}),
        Route(OneDeployment, ["/deployments/<int:deployment_id>"], {"history": history}),
        Route(DeploymentRole, ["/deployments/<int:deployment_id>/role"], {"roles": roles}),
        Route(Rollback, ["/rollback"], {"roles": roles}),
        Route(Model, [""], {"models": models}),
        Route(SetModel, ["/set_model"], {"models": models}),
    ]
    prefixes = [settings.path, settings.base_url + settings.alias_url]
    add_routes(app, routes, prefixes=prefixes, ready=lambda: check_database(database.session()))
    return app
