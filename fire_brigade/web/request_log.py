"""Every request, in api.log."""

from flask import Flask, Response, g, request

from fire_brigade.persistence.repository.metrics_logger import MetricsLogger

WATCHED = ("/health", "/metrics")


def log_requests(app: Flask, log: MetricsLogger) -> None:
    """Write down method, path, status and who asked; never what was sent, nor a query."""

    def answered(response: Response) -> Response:
        status = response.status_code
        caller = getattr(g.get("caller"), "name", "nobody")
        line = f"{request.method} {request.path} {status} {caller} {g.get('request_id')}"
        if status >= 500:
            log.error(line)
        elif status >= 400:
            log.warning(line)
        elif request.path.startswith(WATCHED):
            log.debug(line)
        else:
            log.info(line)
            log.push()
        return response

    app.after_request(answered)
