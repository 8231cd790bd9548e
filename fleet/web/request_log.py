"""The line of the log about a request that was answered, and what a line says of whose it was."""

import logging

from fleet.caller import ANONYMOUS, Caller

log = logging.getLogger("fleet.web.app")  # by which people know these lines

WATCHED = ("/health/", "/metrics")  # those who only watch ask several times a minute


def log_answered(method: str, path: str, status: int, seconds: float, whose: dict[str, str]) -> None:
    """whose: as `whose` says, unless the log knows it from the app's context."""
    level = logging.DEBUG if path.startswith(WATCHED) else logging.INFO
    line = (method, path, status, round(1000 * seconds, 1))
    fields = dict(zip(("method", "path", "status", "duration_ms"), line, strict=True))
    log.log(level, "%s %s %s in %s ms", *line, extra=fields | whose)


def is_logged() -> bool:
    """Whether the log takes what was answered."""
    return log.isEnabledFor(logging.INFO)


def whose(caller: Caller | None, request_id: str | None) -> dict[str, str]:
    """Whose request it is that something is logged in; nobody's name while nobody is asked."""
    user = None if caller is None or caller.name == ANONYMOUS else caller.name
    return {name: value for name, value in (("request_id", request_id), ("user", user)) if value}
