"""What this service does with every answer, as the fire brigade's own system does."""

from flask import Flask, Response, g, request

from fire_brigade.persistence.repository.log_files import MetricsLogger
from fleet.errors import UnauthorizedError
from fleet.web.errors import render_error

WATCHED = ("/health", "/metrics")


class InvalidCredentialsError(UnauthorizedError):
    """The same, with the words that its clients know."""

    code = UnauthorizedError.code

    def __init__(self) -> None:
        super().__init__()
        self.error, self.message = f"{self.error}: {self.message}", self.error


def say_invalid_credentials(app: Flask) -> None:
    """Answer 401 with `"message": "Invalid credentials"`."""
    app.register_error_handler(UnauthorizedError, lambda _: render_error(InvalidCredentialsError()))


def log_requests(app: Flask, log: MetricsLogger) -> None:
    """Write down method, path, status and who asked; never what was sent, nor a query."""

    def answered(response: Response) -> Response:
        if request.path.startswith(WATCHED):
            return response  # asked several times a minute, these would fill the files
        status = response.status_code
        caller = getattr(g.get("caller"), "name", "nobody")
        write = log.error if status >= 500 else log.warning if status >= 400 else log.info
        write(f"{request.method} {request.path} {status} {caller} {g.get('request_id')}")
        log.push()
        return response

    app.after_request(answered)
