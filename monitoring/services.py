"""Monitoring's working parts, with or without a web before them."""

from collections.abc import Callable
from dataclasses import dataclass

from db.database import DATABASE, Database
from fleet.caller import Caller
from fleet.health import Checks
from fleet.sibling import Sibling
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.model.standing import Standing
from monitoring.persistence.repository.ml_model_client import MlModelClient
from monitoring.persistence.repository.webhooks import Webhooks
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.engine import Engine
from monitoring.service.judging.judging import Judging
from monitoring.service.judging.verdicts import Verdicts
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
    """Made, but not started; nothing is asked of PostgreSQL or ml_model yet."""
    database = Database("monitoring", settings)
    ml_model = Sibling(
        "ml_model",
        settings.ml_model_url,
        timeout_s=settings.ml_model_timeout_s,
        key=settings.sibling_key.get_secret_value(),
    )

    def units() -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(database.sessions)

    def trained(caller: Caller) -> str | None:
        with units() as work:
            return work.audit.subject_of("ml_model", "train", caller)

    def standing() -> Standing:
        with units() as work:
            return read_standing(work)

    engine = Engine()
    checks: Checks = {"Evidently": engine.check, DATABASE: database.check}
    monitoring = MonitoringService(units, engine, MlModelClient(ml_model, trained))
    judging = Judging()
    allowed = parse_allowed(settings.webhooks_allowed)
    return MonitoringServices(
        database=database,
        checks=checks,
        monitoring=monitoring,
        engine=engine,
        judging=judging,
        verdicts=Verdicts(units, judging),
        policies=Policies(units, allowed),
        telling=Telling(units, Teller(Webhooks(allowed))),
        standing=standing,
    )
