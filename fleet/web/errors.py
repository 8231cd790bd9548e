"""The one place where an error becomes an answer."""

import logging
from typing import Any, NoReturn

from flask import Flask, Response, current_app, g, jsonify, request
from flask_restful import Api
from werkzeug.exceptions import HTTPException

from fleet.errors import BugError, BusyError, FleetError, TooLargeError, UnauthorizedError, code_of

log = logging.getLogger(__name__)

WHAT_TO_DO = {
    404: "Check the address: extras/API.md lists every route",
    405: "Use a method that the Allow header names",
    413: "Send a smaller body, or raise {prefix}_MAX_BODY_BYTES",
}
CODES = {404: "route_not_found", 413: code_of(TooLargeError)}  # the rest are called as werkzeug calls them


class FleetApi(Api):  # type: ignore[misc]  # Flask-RESTful has no types
    """Flask-RESTful's Api, which would otherwise turn the app's own error handlers into bare 500s."""

    def handle_error(self, error: Exception) -> NoReturn:
        raise error


def render_errors(app: Flask) -> None:
    """Answer every error of the app with `{"code", "error", "message", "request_id"}`."""
    app.register_error_handler(FleetError, render_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def render_error(error: FleetError) -> Response:
    """The answer that tells the client of the error."""
    if error.status >= 500:
        # Whoever waits for a service asks for its health several times a second.
        level = logging.DEBUG if request.path.startswith("/health/") else logging.WARNING
        cause = str(error.__cause__).strip().partition("\n")[0]
        log.log(level, "%s: %s (%s)", error.status, error.error, cause)
    response = _answer(error.body(), error.status)
    if isinstance(error, UnauthorizedError):
        for scheme in ("Basic", "Bearer"):
            response.headers.add("WWW-Authenticate", f'{scheme} realm="mlfleet"')
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None and error.status == BusyError.status:
        retry_after_s = BusyError.retry_after_s  # another service's 429 is passed on
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    message = WHAT_TO_DO.get(status, "Check the request against extras/API.md")
    body = {
        "code": CODES.get(status) or code_of(type(error)),
        "error": error.name,
        "message": message.format(prefix=current_app.name.upper()),
    }
    response = _answer(body, status)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log.error("Unexpected error", exc_info=error)
    return _answer(BugError().body(), BugError.status)


def _answer(body: dict[str, Any], status: int) -> Response:
    response = jsonify({**body, "request_id": g.get("request_id")})
    response.status_code = status
    return response
