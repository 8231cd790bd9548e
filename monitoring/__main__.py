"""`python -m monitoring`: serve, as the environment says; `python -m monitoring worker`: do its jobs."""

import sys

from monitoring.config.settings import MonitoringSettings

if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        from db.jobs.worker import work

        work("monitoring", MonitoringSettings, beside="monitoring.watching")
    else:
        from fleet.web.server import serve

        serve("monitoring.web.app:create_app", MonitoringSettings)
