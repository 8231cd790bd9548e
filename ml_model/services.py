"""ml_model's working parts, with or without a web before them."""

from collections.abc import Callable
from dataclasses import dataclass

from db.database import DATABASE, Database
from fleet.health import Checks
from ml_model.config.settings import MlModelSettings
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.audit_trail import AuditTrail
from ml_model.service.candidates import Candidates
from ml_model.service.counters import Counters
from ml_model.service.evaluation import Evaluation
from ml_model.service.feedback import Feedback
from ml_model.service.history import History
from ml_model.service.interrupted import InterruptedTrainings
from ml_model.service.learning import Learning
from ml_model.service.live.models import LiveModels
from ml_model.service.live.open_models import OpenModels, stored_models
from ml_model.service.live.predictions import Predictions, Storing
from ml_model.service.live.storing import LiveStore
from ml_model.service.ml_service import MlService
from ml_model.service.roles import Roles
from ml_model.service.scoring import Scorer
from ml_model.service.snapshots import Snapshots
from ml_model.service.trainer_process import TrainerProcesses
from ml_model.service.training import Trainer

LOOKING_CONNECTIONS = 2  # of those who look what is live, a watcher and now and then a request; and scorings


@dataclass(frozen=True)
class LiveServices:
    """What answers live requests."""

    models: LiveModels
    store: LiveStore
    predictions: Predictions
    storing: Storing


@dataclass(frozen=True)
class MlModelServices:
    """What ml_model does. checks: what it needs to answer."""

    database: Database
    checks: Checks
    models: MlService
    candidates: Candidates
    evaluation: Evaluation
    roles: Roles
    history: History
    snapshots: Snapshots
    feedback: Feedback
    audit: AuditTrail
    live: LiveServices
    start: Callable[[], object]
    stop: Callable[[], object]


def create_services(
    settings: MlModelSettings, *, counters: Counters | None = None, trainer: Trainer | None = None
) -> MlModelServices:
    """Made, but not started; nothing is asked of PostgreSQL yet.

    counters: are told what is done. trainer: fits models, instead of processes of their own.
    """
    counters = counters or Counters()
    database = Database("ml_model", settings)
    key = settings.artifact_key.get_secret_value().encode()

    def units() -> MlModelUnitOfWork:
        return MlModelUnitOfWork(database.sessions)

    def beside(connections: int) -> Callable[[], MlModelUnitOfWork]:
        sessions = database.background_sessions(connections)
        return lambda: MlModelUnitOfWork(sessions)

    looking = beside(LOOKING_CONNECTIONS + settings.heavy_at_once)
    opened = OpenModels(stored_models(looking, key), settings.live_models_mib * 2**20)
    live = _live(
        settings, LiveModels(looking, opened, index_block=settings.live_buffer_rows), beside(1), counters
    )
    processes = TrainerProcesses(settings.request_timeout_s)
    scorer = Scorer(beside(settings.heavy_at_once))
    learning = Learning(units, key, trainer or processes, scorer)
    interrupted = InterruptedTrainings(beside(1), settings.request_timeout_s)

    def start() -> None:
        live.models.watch(settings.live_refresh_s)
        interrupted.watch()

    def stop() -> None:
        live.store.stop()
        processes.stop()

    return MlModelServices(
        database,
        checks={
            DATABASE: database.check,
            "The list of live models in the dataset database": live.models.degraded,
        },
        models=MlService(
            units,
            opened.predictor,
            learning,
            scorer,
            predicted=counters.predicted,
            changed=live.models.notice,
        ),
        candidates=Candidates(units, learning),
        evaluation=Evaluation(units, opened.predictor),
        roles=Roles(units, changed=live.models.notice),
        history=History(units),
        snapshots=Snapshots(units),
        feedback=Feedback(units, told=counters.told),
        audit=AuditTrail(units),
        live=live,
        start=start,
        stop=stop,
    )


def _live(
    settings: MlModelSettings,
    models: LiveModels,
    writing: Callable[[], MlModelUnitOfWork],
    counters: Counters,
) -> LiveServices:
    """writing: opens a transaction, on a connection that nobody else waits for."""
    store = LiveStore(
        writing,
        most_rows=settings.live_buffer_rows,
        interval_s=settings.live_flush_s,
        lost=counters.lost,
        stored=counters.stored,
        waiting=counters.waiting,
    )
    storing = Storing(settings.live_store_share, settings.live_store_shares)
    return LiveServices(
        models, store, Predictions(models, store, storing, most_rows=settings.max_predict_rows), storing
    )
