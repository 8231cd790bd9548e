"""`python -m monitoring`: serve, as the environment says."""

from fleet.web.server import serve
from monitoring.config.settings import MonitoringSettings

if __name__ == "__main__":
    serve("monitoring.web.app:create_app", MonitoringSettings)
