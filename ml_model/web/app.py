"""Wires ml_model: the one place where its parts are made."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from db.database import (
    DATABASE,
    background_sessions,
    check_database,
    connections_in_use,
    make_database,
    own_connections,
)
from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.background import Background, run_in_background
from fleet.web.direct import answer_directly
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.metrics import metrics_of
from ml_model.config.settings import MlModelSettings
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.audit_trail import AuditTrail
from ml_model.service.candidates import Candidates
from ml_model.service.feedback import Feedback
from ml_model.service.history import History
from ml_model.service.interrupted import InterruptedTrainings
from ml_model.service.learning import Learning
from ml_model.service.live.models import LiveModels
from ml_model.service.live.predictions import Predictions, Storing
from ml_model.service.live.storing import LiveStore
from ml_model.service.ml_service import MlService
from ml_model.service.roles import Roles
from ml_model.service.scoring import Scorer
from ml_model.service.snapshots import Snapshots as SnapshotService
from ml_model.service.trainer_process import TrainerProcesses
from ml_model.service.training import Trainer
from ml_model.web.controller.audit import Audit
from ml_model.web.controller.deployments import DeploymentRole, Deployments, OneDeployment, Rollback
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
from ml_model.web.live_metrics import LiveCounters
from ml_model.web.metrics import count_predictions, live_metrics

LIVE = "mlfleet-live"
LOOKING_CONNECTIONS = 2  # of those who look what is live: a watcher, and now and then a request


def create_app(settings: MlModelSettings | None = None, *, trainer: Trainer | None = None) -> Flask:
    """The app of ml_model; settings come from the environment unless given.

    trainer: fits models, instead of processes of their own.
    """
    settings = settings or MlModelSettings()
    processes = TrainerProcesses(settings.request_timeout_s)
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

    key = settings.artifact_key.get_secret_value().encode()
    predicted = count_predictions(metrics.registry)
    counters = LiveCounters(metrics, predicted)

    def beside(connections: int) -> Callable[[], MlModelUnitOfWork]:
        sessions = background_sessions(app, database, connections=connections)
        return lambda: MlModelUnitOfWork(sessions)

    live = _make_live(settings, beside(LOOKING_CONNECTIONS), beside(1), counters)
    scorer = Scorer(beside(settings.heavy_at_once))
    learning = Learning(units, key, trainer or processes, scorer)
    models = MlService(units, key, learning, scorer, predicted=predicted, changed=live.models.notice)
    metrics.read_at_scrape(lambda: live_metrics(models.live(), live.models.degraded()))

    ready = Readiness(
        app,
        {
            DATABASE: lambda: check_database(database.session()),
            "The list of live models in the dataset database": live.models.degraded,
        },
    )
    routes = [
        *_deployment_routes(units, live.models, learning),
        Route(Audit, ["/audit"], {"trail": AuditTrail(units)}),
        Route(Truth, ["/feedback"], {"feedback": Feedback(units, told=counters.told)}),
        Route(Model, [""], {"models": models}),
        Route(SetModel, ["/set_model"], {"models": models}),
        *_live_routes(live, ready),
    ]
    prefixes = [settings.path, settings.base_url + settings.alias_url]
    add_routes(app, routes, prefixes=prefixes, ready=ready)
    answer_directly(app, [f"{prefix}/predict" for prefix in prefixes], quick_answers(live.predictions))
    refresh_s = settings.live_refresh_s
    stops = [live.store.stop, processes.stop]
    interrupted = InterruptedTrainings(beside(1), settings.request_timeout_s)
    starts = [lambda: live.models.watch(refresh_s), interrupted.watch]
    run_in_background(app, Background(starts, stops))
    app.extensions[LIVE] = live
    return app


@dataclass(frozen=True)
class LiveParts:
    """What answers live requests; in the app's extensions under LIVE."""

    models: LiveModels
    store: LiveStore
    predictions: Predictions
    storing: Storing


def _make_live(
    settings: MlModelSettings,
    looking: Callable[[], MlModelUnitOfWork],
    writing: Callable[[], MlModelUnitOfWork],
    counters: LiveCounters,
) -> LiveParts:
    """looking, writing: open transactions, each on connections that the other does not wait for."""
    key = settings.artifact_key.get_secret_value().encode()
    models = LiveModels(
        looking,
        key,
        index_block=settings.live_buffer_rows,
        most_open_bytes=settings.live_models_mib * 2**20,
    )
    store = LiveStore(
        writing,
        most_rows=settings.live_buffer_rows,
        interval_s=settings.live_flush_s,
        lost=counters.lost,
        stored=counters.stored,
        waiting=counters.waiting,
    )
    storing = Storing(settings.live_store_share, settings.live_store_shares)
    predictions = Predictions(models, store, storing, most_rows=settings.max_predict_rows)
    return LiveParts(models, store, predictions, storing)


def _deployment_routes(
    units: Callable[[], MlModelUnitOfWork], live: LiveModels, learning: Learning
) -> list[Route]:
    known = {"history": History(units), "candidates": Candidates(units, learning)}
    roles, snapshots = {"roles": Roles(units, changed=live.notice)}, {"snapshots": SnapshotService(units)}
    return [
        Route(Snapshots, ["/snapshots"], snapshots),
        Route(OneSnapshot, ["/snapshots/<int:snapshot_id>"], snapshots),
        Route(Deployments, ["/deployments"], known),
        Route(OneDeployment, ["/deployments/<int:deployment_id>"], known),
        Route(DeploymentRole, ["/deployments/<int:deployment_id>/role"], roles),
        Route(Rollback, ["/rollback"], roles),
    ]


def _live_routes(live: LiveParts, ready: Callable[[], object]) -> list[Route]:
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
