"""Why a call was not answered with what was asked for: one exception a cause."""

from collections.abc import Mapping
from typing import Any


class CallError(Exception):
    """A call that failed. call: method and URL. error: what is wrong. message: what to do about it.

    request_id: what the call is named in the logs of the fleet.
    """

    def __init__(self, call: str, error: str, message: str, request_id: str) -> None:
        super().__init__(call, error, message, request_id)
        self.call = call
        self.error = error
        self.message = message
        self.request_id = request_id

    @property
    def outcome(self) -> str:
        """What became of the call, without what to do about it."""
        return f"{self.call} {self.error}"

    def __str__(self) -> str:
        return f"{self.outcome}. {self.message} (request {self.request_id})"


class UnreachableError(CallError):
    """There was no connection, or it broke: nothing is known about what was done."""


class TimedOutError(UnreachableError):
    """No answer came in time; what was asked for may still be done."""


class UnexpectedAnswerError(CallError):
    """Something answered that is no service of the fleet, or one of another version."""


class RefusedError(CallError):
    """The service answered with an error.

    status: of HTTP. code: the cause, as extras/API.md lists them; empty if the answer named none. body: all
    that the answer said.
    """

    def __init__(self, call: str, status: int, body: Mapping[str, Any], request_id: str) -> None:
        error = str(body.get("error") or "no reason given")
        message = str(body.get("message") or "Look into the service's log")
        name = str(body.get("request_id") or request_id)
        super().__init__(call, error, message, name)
        self.status = status
        self.code = str(body.get("code") or "")
        self.body = dict(body)

    @property
    def outcome(self) -> str:
        """What became of the call, without what to do about it."""
        return f"{self.call} was answered {self.status}: {self.error}"


class InvalidError(RefusedError):
    """The request is malformed, too large, or asks for what cannot be."""


class UnauthorizedError(RefusedError):
    """The credentials are missing or wrong."""


class ForbiddenError(RefusedError):
    """The credentials are right, but it takes another role."""


class NotFoundError(RefusedError):
    """There is no such experiment, run, use case or route."""


class ConflictError(RefusedError):
    """The right request at the wrong moment; message says what to call first."""


class BusyError(RefusedError):
    """The service has as much work as it can take. retry_after_s: seconds that it asks to wait."""

    def __init__(
        self, call: str, status: int, body: Mapping[str, Any], request_id: str, retry_after_s: float
    ) -> None:
        super().__init__(call, status, body, request_id)
        self.retry_after_s = retry_after_s


class FailedError(RefusedError):
    """The service (500), a sibling (502), PostgreSQL or MLflow (503) failed, or it took too long (504)."""


BY_STATUS: dict[int, type[RefusedError]] = {
    **dict.fromkeys((400, 405, 413, 415), InvalidError),
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    **dict.fromkeys((500, 502, 503, 504), FailedError),
}
