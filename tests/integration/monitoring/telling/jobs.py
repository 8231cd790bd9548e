"""What monitoring's worker does about telling, and nothing else of it."""

from collections.abc import Mapping
from typing import Any

from db.jobs.worker import Worker
from fleet.jobs import Task, Work
from fleet.settings import WorkerSettings
from monitoring.config.settings import MonitoringSettings
from monitoring.service.telling.orders import KIND
from monitoring.services import MonitoringServices, create_services


class TellingSettings(MonitoringSettings, WorkerSettings):
    """Settings of a service with a worker."""


class TellingWorker(Worker):
    """Monitoring's worker with these tasks."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._tasks = __name__


def open_services(settings: MonitoringSettings) -> MonitoringServices:
    return create_services(settings)


def _tell(services: MonitoringServices, work: Work) -> dict[str, Any]:
    return services.telling.deliver(work.arguments)


TASKS: Mapping[str, Task[MonitoringServices]] = {KIND: Task(_tell)}
