"""What goes on beside the jobs of monitoring's worker: it orders those that are due."""

import time

from db.database import Database
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.loops import Loops
from monitoring.service.loop.watcher import Watcher

EVERY_S = 1.0


def go_on(settings: MonitoringSettings) -> None:
    """Look once a second, for ever."""
    database = Database("monitoring_watcher", settings)

    def units() -> MonitoringUnitOfWork:
        return MonitoringUnitOfWork(database.sessions)

    loops = Loops(units, limit_s=settings.job_timeout_s)
    watcher = Watcher(units, loops, limit_s=settings.job_timeout_s)
    while True:
        watcher.look()
        time.sleep(EVERY_S)
