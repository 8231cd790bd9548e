"""Runs a service's app under granian, a production WSGI server."""

import pkgutil
import signal

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from fleet.settings import ServiceSettings

STOP_SECONDS = 20


def serve(target: str, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT. target: `package.module:factory` of the WSGI app.

    One worker process, which is replaced if it dies; requests in flight are finished before it stops.
    """
    server = Granian(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=_build)


def _build(target: str) -> Flask:
    """Make the app, in the worker."""
    # The worker is born with its parent's handler, which would swallow a SIGTERM until the app is made.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    app: Flask = pkgutil.resolve_name(target)()
    return app
