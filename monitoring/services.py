"""Monitoring's working parts, with or without a web before them."""

from collections.abc import Callable
from dataclasses import dataclass

from db.database import DATABASE, Database
from db.jobs.jobs import JobsInDatabase
from fleet.health import Checks
from fleet.sibling import Sibling
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.model.standing import Standing
from monitoring.persistence.repository.loop_siblings import LoopSiblings
from monitoring.persistence.repository.webhooks import Webhooks
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.engine import Engine
from monitoring.service.judging.judging import Judging
from monitoring.service.judging.verdicts import Verdicts
from monitoring.service.loop.judging_by_policy import JudgingByPolicy
from monitoring.service.loop.loop_records import LoopRecords
from monitoring.service.loop.loops import Loops
from monitoring.service.loop.runner import LoopRunner
from monitoring.service.monitoring import MonitoringService
from monitoring.service.policies import Policies
from monitoring.service.standing import read_standing
from monitoring.service.telling.delivery import Teller
from monitoring.service.telling.telling import Telling
from monitoring.utils.destinations import parse_allowed


@dataclass(frozen=True)
class MonitoringServices:
    """What monitoring does. checks: what it needs to answer. standing: reads how every use case stands."""

    database: Database
    checks: Checks
    jobs: JobsInDatabase
    loops: Loops
    loop_records: LoopRecords
    loop_runner: LoopRunner
    policy_judging: JudgingByPolicy
    monitoring: MonitoringService
    engine: Engine
    judging: Judging
    verdicts: Verdicts
    policies: Policies
    telling: Telling
    standing: Callable[[], Standing]

    def start(self) -> None:
        """Begin to load Evidently; returns at once."""
        self.engine.start()


def create_services(settings: MonitoringSettings) -> MonitoringServices:
    """Made, but not started; nothing is asked of PostgreSQL or another service yet."""
    database = Database("monitoring", settings)

    def units() -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(database.sessions)

    def standing() -> Standing:
        with units() as work:
            return read_standing(work)

    engine, judging = Engine(), Judging()
    loops = Loops(units, limit_s=settings.job_timeout_s)
    allowed = parse_allowed(settings.webhooks_allowed)
    jobs = JobsInDatabase(
        "monitoring",
        database.sessions,
        limit_s=settings.job_timeout_s,
        most_waiting=settings.max_jobs_waiting,
    )
    return MonitoringServices(
        database,
        checks={"Evidently": engine.check, DATABASE: database.check, "Its workers": jobs.degraded},
        jobs=jobs,
        loops=loops,
        loop_records=LoopRecords(units),
        loop_runner=LoopRunner(units, _siblings(settings)),
        policy_judging=JudgingByPolicy(units, judging, loops),
        monitoring=MonitoringService(units, engine, loops),
        engine=engine,
        judging=judging,
        verdicts=Verdicts(units, judging),
        policies=Policies(units, allowed),
        telling=Telling(units, Teller(Webhooks(allowed))),
        standing=standing,
    )


def _siblings(settings: MonitoringSettings) -> LoopSiblings:
    key = settings.sibling_key.get_secret_value()
    ml_model = Sibling("ml_model", settings.ml_model_url, timeout_s=settings.ml_model_timeout_s, key=key)
    tracking = Sibling("tracking", settings.tracking_url, timeout_s=settings.tracking_timeout_s, key=key)
    return LoopSiblings(ml_model, tracking)
