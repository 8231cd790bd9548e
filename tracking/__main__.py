"""`python -m tracking`: serve, as the environment says; `python -m tracking worker`: do its jobs."""

import sys

from tracking.config.settings import TrackingSettings

if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        from db.jobs.worker import work

        work("tracking", TrackingSettings)
    else:
        from fleet.web.server import serve

        serve("tracking.web.app:create_app", TrackingSettings)
