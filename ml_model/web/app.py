"""Puts the web before ml_model."""

from flask import Flask

from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.direct import answer_directly
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from ml_model.config.settings import MlModelSettings
from ml_model.service.training import Trainer
from ml_model.services import LiveServices, MlModelServices, create_services
from ml_model.web.controller.audit import Audit
from ml_model.web.controller.deployments import DeploymentRole, Deployments, OneDeployment, Rollback
from ml_model.web.controller.evaluation import Evaluate
from ml_model.web.controller.feedback import Truth
from ml_model.web.controller.inference import (
    Infer,
    InferVersion,
    ModelReady,
    ServedModel,
    ServedVersion,
    Server,
    ServerLive,
    ServerReady,
    VersionReady,
)
from ml_model.web.controller.model import Model
from ml_model.web.controller.predict import Invocations, Ping, Predict, Version, quick_answers
from ml_model.web.controller.set_model import SetModel
from ml_model.web.controller.snapshots import OneSnapshot, Snapshots
from ml_model.web.live_metrics import PrometheusCounters
from ml_model.web.metrics import live_metrics

LIVE = "mlfleet-live"


def create_app(settings: MlModelSettings | None = None, *, trainer: Trainer | None = None) -> Flask:
    """The app of ml_model; settings come from the environment unless given.

    trainer: fits models, instead of processes of their own. What answers live requests is in the app's
    extensions, as LIVE.
    """
    settings = settings or MlModelSettings()
    app = make_app("ml_model", settings)
    metrics = metrics_of(app)
    services = create_services(settings, counters=PrometheusCounters(metrics), trainer=trainer)
    database, live = services.database, services.live
    keep_answers(app, AnswerStore(database.own_connections()).claim)
    metrics.watch_pool(database.connections, database.in_use)
    metrics.read_at_scrape(lambda: live_metrics(services.models.live(), live.models.degraded()))
    ready = Readiness(app, services.checks)
    routes = [*_routes(services), *_live_routes(live, ready)]
    prefixes = [settings.path, settings.base_url + settings.alias_url]
    add_routes(app, routes, prefixes=prefixes, ready=ready)
    answer_directly(app, [f"{prefix}/predict" for prefix in prefixes], quick_answers(live.predictions))
    run_in_background(app, Background([services.start], [services.stop]))
    app.extensions[LIVE] = live
    return app


def _routes(services: MlModelServices) -> list[Route]:
    models, snapshots = {"models": services.models}, {"snapshots": services.snapshots}
    known = {"history": services.history, "candidates": services.candidates}
    roles = {"roles": services.roles}
    return [
        Route(Snapshots, ["/snapshots"], snapshots),
        Route(OneSnapshot, ["/snapshots/<int:snapshot_id>"], snapshots),
        Route(Deployments, ["/deployments"], known),
        Route(OneDeployment, ["/deployments/<int:deployment_id>"], known),
        Route(DeploymentRole, ["/deployments/<int:deployment_id>/role"], roles),
        Route(Evaluate, ["/evaluate"], {"evaluation": services.evaluation}),
        Route(Rollback, ["/rollback"], roles),
        Route(Audit, ["/audit"], {"trail": services.audit}),
        Route(Truth, ["/feedback"], {"feedback": services.feedback}),
        Route(Model, [""], models),
        Route(SetModel, ["/set_model"], models),
    ]


def _live_routes(live: LiveServices, ready: Readiness) -> list[Route]:
    predictions, is_ready = {"predictions": live.predictions}, {"ready": ready}
    models, describing = {"models": live.models}, {"models": live.models, "storing": live.storing}
    served, version = "/v2/models/<name>", "/versions/<int:version>"
    return [
        Route(Predict, ["/predict"], predictions),
        Route(Invocations, ["/invocations"], predictions, at_root=True),
        Route(Ping, ["/ping"], is_ready, at_root=True),
        Route(Version, ["/version"], at_root=True),
        Route(Server, ["/v2"], at_root=True),
        Route(ServerLive, ["/v2/health/live"], at_root=True),
        Route(ServerReady, ["/v2/health/ready"], is_ready, at_root=True),
        Route(ServedModel, [served], describing, at_root=True),
        Route(ServedVersion, [served + version], describing, at_root=True),
        Route(ModelReady, [f"{served}/ready"], models, at_root=True),
        Route(VersionReady, [f"{served}{version}/ready"], models, at_root=True),
        Route(Infer, [f"{served}/infer"], {**describing, **predictions}, at_root=True),
        Route(InferVersion, [f"{served}{version}/infer"], {**describing, **predictions}, at_root=True),
    ]
