"""`python -m tracking`: serve, as the environment says."""

from fleet.web.server import serve
from tracking.config.settings import TrackingSettings

if __name__ == "__main__":
    serve("tracking.web.app:create_app", TrackingSettings)
