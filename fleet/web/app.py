"""Builds the Flask app of a service."""

import logging
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, request
from flask_restful import Resource

from fleet.settings import ServiceSettings
from fleet.web.errors import FleetApi, render_errors
from fleet.web.health import Live, Ready
from fleet.web.roles import check_roles

log = logging.getLogger(__name__)

TOO_LARGE = 413
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


@dataclass(frozen=True)
class Route:
    """A resource, the paths it answers on below the service's own, and what it is made with."""

    resource: type[Resource]
    paths: Sequence[str]
    arguments: Mapping[str, Any] = field(default_factory=dict)


def make_app(name: str, settings: ServiceSettings) -> Flask:
    """An app that renders errors, honours X-Request-ID and limits bodies; routes are added afterwards."""
    logging.basicConfig(level=settings.log_level, format=LOG_FORMAT, stream=sys.stderr)
    app = Flask(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.before_request(_take_request)
    app.after_request(_finish_request)
    render_errors(app)
    return app


def add_routes(
    app: Flask, routes: Sequence[Route], *, prefixes: Sequence[str], ready: Callable[[], object]
) -> None:
    """Add the service's routes, below each of the prefixes, and health.

    ready: raises a FleetError that says why the service cannot answer yet.
    """
    api = FleetApi(app)
    for route in routes:
        paths = [prefix + path for prefix in prefixes for path in route.paths]
        api.add_resource(route.resource, *paths, resource_class_kwargs=dict(route.arguments))
    api.add_resource(Live, "/health/live")
    api.add_resource(Ready, "/health/ready", resource_class_kwargs={"ready": ready})
    check_roles(app)


def _take_request() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    request.get_data()  # whole, also where nobody asks for it: the next request comes on the same connection


def _finish_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if response.status_code == TOO_LARGE:
        response.headers["Connection"] = "close"  # the rest of the body was not read
    level = logging.DEBUG if request.path.startswith("/health/") else logging.INFO
    milliseconds = 1000 * (time.perf_counter() - g.started)
    log.log(
        level,
        "%s %s %s in %.1f ms, request %s",
        *(request.method, request.path, response.status_code, milliseconds, g.request_id),
    )
    return response
