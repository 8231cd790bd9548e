"""Builds the Flask app of a service."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import Flask, Response, g, has_app_context, request
from flask_restful import Resource
from werkzeug.middleware.proxy_fix import ProxyFix

from fleet.health import Check
from fleet.logs import set_up_logs
from fleet.settings import ServiceSettings
from fleet.web.credentials import access_of, ask_for_credentials
from fleet.web.docs import Docs, DocsFile, OpenApi
from fleet.web.errors import FleetApi, render_errors
from fleet.web.headers_alone import stop_before_the_body
from fleet.web.health import Live, Ready
from fleet.web.heavy import EXTENSION as HEAVY
from fleet.web.heavy import HeavyWork
from fleet.web.metrics import Exposition, measure, metrics_of
from fleet.web.openapi import make_document
from fleet.web.request_id import request_id
from fleet.web.request_log import log_answered, whose
from fleet.web.roles import check_roles
from fleet.web.unpacking import make_room

TOO_LARGE = 413


@dataclass(frozen=True)
class Route:
    """A resource, the paths it answers on below the service's own, and what it is made with.

    at_root: the paths are whole, as a protocol of others demands.
    """

    resource: type[Resource]
    paths: Sequence[str]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at_root: bool = False

    def below(self, prefix: str) -> list[str]:
        """The whole paths, where the service's own begin with the prefix."""
        return [path if self.at_root else prefix + path for path in self.paths]


def make_app(name: str, settings: ServiceSettings) -> Flask:
    """An app that renders errors, honours X-Request-ID and limits bodies; routes are added afterwards."""
    set_up_logs(name, settings, _log_context)
    app = Flask(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_JSON_DEPTH"] = settings.max_json_depth
    app.extensions[HEAVY] = HeavyWork(
        at_once=settings.heavy_at_once,
        waiting=settings.max_heavy_waiting,
        seconds=settings.request_timeout_s,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    measure(app)
    app.before_request(_take_request)
    app.after_request(_finish_request)
    ask_for_credentials(app, settings)
    make_room(app, settings.max_body_bytes)
    stop_before_the_body(app)
    render_errors(app)
    if settings.trusted_proxies:
        forwarded = dict.fromkeys(("x_for", "x_proto", "x_host", "x_prefix"), settings.trusted_proxies)
        app.wsgi_app = ProxyFix(app.wsgi_app, **forwarded)  # type: ignore[method-assign]
    return app


def add_routes(app: Flask, routes: Sequence[Route], *, prefixes: Sequence[str], ready: Check) -> None:
    """Add the service's routes, below each of the prefixes, and what every service has: health, documents.

    The documents know a route by the first prefix; the others are aliases.
    ready: as Check says.
    """
    every_service = [
        Route(Live, ["/health/live"]),
        Route(Ready, ["/health/ready"], {"ready": ready}),
        Route(Exposition, ["/metrics"], {"metrics": metrics_of(app)}),
    ]
    places = [
        *((path, route.resource) for route in routes for path in route.below(prefixes[0])),
        *((path, route.resource) for route in every_service for path in route.paths),
    ]

    def document() -> dict[str, Any]:
        return make_document(app.name, places, secured=access_of(app).asks)

    documents = [
        Route(OpenApi, ["/openapi.json"], {"make": cache(document)}),
        Route(Docs, ["/docs"]),
        Route(DocsFile, ["/docs/<path:name>"]),
    ]
    api = FleetApi(app)
    for route in routes:
        paths = dict.fromkeys(path for prefix in prefixes for path in route.below(prefix))
        api.add_resource(route.resource, *paths, resource_class_kwargs=dict(route.arguments))
    for route in (*every_service, *documents):
        api.add_resource(route.resource, *route.paths, resource_class_kwargs=dict(route.arguments))
    check_roles(app)


def _take_request() -> None:
    g.started = time.perf_counter()
    g.request_id = request_id(request.headers.get("X-Request-ID"))
    request.get_data()  # whole, also where nobody asks for it: the next request comes on the same connection


def _finish_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if response.status_code == TOO_LARGE:
        response.headers["Connection"] = "close"  # the rest of the body was not read
    seconds = time.perf_counter() - g.started
    log_answered(request.method, request.path, response.status_code, seconds, {})
    return response


def _log_context() -> dict[str, str]:
    return whose(g.get("caller"), g.get("request_id")) if has_app_context() else {}
