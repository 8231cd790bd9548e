"""Tracking's working parts, with or without a web before them."""

from dataclasses import dataclass
from functools import partial

from mlflow import MlflowClient
from sqlalchemy import Engine

from db.database import DATABASE, Database, reading_engine
from db.jobs.jobs import JobsInDatabase
from fleet.health import Checks
from fleet.mlflow_client import connect
from fleet.sibling import Sibling
from tracking.config.settings import TrackingSettings
from tracking.persistence.model.search import SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.database_lists import DatabaseLists
from tracking.persistence.repository.experiment_store import ExperimentStore
from tracking.persistence.repository.finished_fits import FinishedFitsTable
from tracking.persistence.repository.job_runs import settle
from tracking.persistence.repository.list_source import ListSource
from tracking.persistence.repository.ml_model_client import MlModelClient
from tracking.persistence.repository.mlflow_lists import MlflowLists
from tracking.persistence.repository.search_log import Drawn, SearchLog
from tracking.persistence.repository.studies import Studies
from tracking.persistence.repository.use_case_models import UseCaseModels
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.comparing import ComparisonService
from tracking.service.engines import engine_for
from tracking.service.experiments import ExperimentService
from tracking.service.model_setting import ModelSettingService
from tracking.service.optimisation import OptimisationService, SearchMeans
from tracking.service.runs import RunService
from tracking.service.unfinished import Unfinished


@dataclass(frozen=True)
class TrackingServices:
    """What tracking does. checks: what it needs to answer. single_connections: outside of the pool."""

    database: Database
    single_connections: Engine
    checks: Checks
    jobs: JobsInDatabase
    optimisation: OptimisationService
    setting: ModelSettingService
    experiments: ExperimentService
    runs: RunService
    comparison: ComparisonService
    unfinished: Unfinished

    def stop(self) -> None:
        """End what goes on beside requests."""
        self.unfinished.stop()


def create_services(settings: TrackingSettings) -> TrackingServices:
    """Made, but not started; nothing is asked of PostgreSQL, MLflow or ml_model yet."""
    database = Database("tracking", settings)
    single_connections = database.own_connections()
    client = connect(settings.mlflow_url, timeout_s=settings.mlflow_timeout_s)
    store = ExperimentStore(
        client, timeout_s=settings.mlflow_timeout_s, look_s=settings.mlflow_change_timeout_s
    )
    lists = _lists(client, store, settings)
    ml_model = Sibling(
        "ml_model",
        settings.ml_model_url,
        timeout_s=settings.ml_model_timeout_s,
        key=settings.sibling_key.get_secret_value(),
    )

    jobs = JobsInDatabase(
        "tracking",
        database.sessions,
        limit_s=settings.job_timeout_s,
        most_waiting=settings.max_jobs_waiting,
    )
    unfinished = Unfinished(partial(settle, client, jobs.is_at_work))

    def units() -> TrackingUnitOfWork:
        return TrackingUnitOfWork(database.sessions)

    return TrackingServices(
        database,
        single_connections,
        checks={DATABASE: database.check, "MLflow": store.ping, "Its workers": jobs.degraded},
        jobs=jobs,
        optimisation=OptimisationService(
            units,
            SearchLog(client, _draw),
            bounds=Bounds(settings.max_combinations, settings.max_fits),
            means=SearchMeans(
                engine_for(settings.dask_scheduler),
                fits=lambda search: FinishedFitsTable(search, database.sessions),
                studies=lambda search: Studies(search, settings.database_address()),
            ),
        ),
        setting=ModelSettingService(store, MlModelClient(ml_model), UseCaseModels(client), units),
        experiments=ExperimentService(store, lists, units),
        runs=RunService(store, lists, units),
        comparison=ComparisonService(store, lists, units),
        unfinished=unfinished,
    )


def _draw(search: SavedSearch, request: SearchRequest, training: TrainingSet) -> Drawn:
    """Late, for matplotlib takes memory and half a second that whoever draws nothing need not spend."""
    from tracking.service.drawing import draw  # noqa: PLC0415

    return draw(search, request, training)


def _lists(client: MlflowClient, store: ExperimentStore, settings: TrackingSettings) -> ListSource:
    address = settings.mlflow_database_address()
    database = None if address is None else DatabaseLists(reading_engine(address, settings))
    return ListSource(database, MlflowLists(client), store.ping)
