"""Every request, in api.log."""

from flask import Flask, Response, g, request

from fire_brigade.persistence.repository.metrics_logger import MetricsLogger

WATCHED = ("/health", "/metrics")


def log_requests(app: Flask, log: MetricsLogger) -> None:
    """Write down method, path, status and who asked; never what was sent, nor a query."""

    def answered(response: Response) -> Response:
        if request.path.startswith(WATCHED):
            return response  # asked several times a minute, these would fill the files
        status = response.status_code
        caller = getattr(g.get("caller"), "name", "nobody")
        line = f"{request.method} {request.path} {status} {caller} {g.get('request_id')}"
        if status >= 500:
            log.error(line)
        elif status >= 400:
            log.warning(line)
        else:
            log.info(line)
        log.push()
        return response

    app.after_request(answered)
