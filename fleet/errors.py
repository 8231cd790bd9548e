"""The one error tree: what is wrong, and what to do about it.

Statuses are plain integers so that services can raise these without knowing any web framework.
Each cause gets a subclass named after it, next to the code that finds it.
"""

import re
from typing import Any, ClassVar

WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


class FleetError(Exception):
    """An answer for the client.

    error: what is wrong, naming the field or id.
    message: what to do about it.
    code: the cause, for programs: the class's name, as `set_not_loaded` of `SetNotLoadedError`, unless the
    class says otherwise.
    """

    status: ClassVar[int] = 500
    code: str = "fleet"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in vars(cls):
            cls.code = code_of(cls)

    def __init__(self, error: str, message: str) -> None:
        self.error = _as_text(error)
        self.message = _as_text(message)
        super().__init__(self.error)

    def body(self) -> dict[str, Any]:
        """The JSON body that a client is sent."""
        return {"code": self.code, "error": self.error, "message": self.message}

    def __reduce__(self) -> tuple[Any, ...]:
        """As another process gets it: subclasses are made with arguments of their own."""
        return _restored, (type(self), self.__dict__)


def code_of(kind: type[Exception]) -> str:
    """What programs call this kind of error."""
    return WORD_START.sub("_", kind.__name__.removesuffix("Error")).lower()


def _as_text(said: str) -> str:
    """As an answer can hold it: JSON that is quoted may have lone surrogates, which UTF-8 has not."""
    return said.encode(errors="backslashreplace").decode()


def _restored(kind: type[FleetError], state: dict[str, Any]) -> FleetError:
    error = kind.__new__(kind, state["error"])
    error.__dict__.update(state)
    return error


class BugError(FleetError):
    """Something happened that the service has no name for."""

    def __init__(self) -> None:
        super().__init__(
            "The service failed on this request",
            "This is a bug of the service: report it with the request_id; the details are in its log",
        )


class InvalidRequestError(FleetError):
    """The request is malformed, or asks for something that no state of the fleet could answer."""

    status = 400


class UnauthorizedError(FleetError):
    """The credentials are missing or wrong; which of the two, and why, nobody is told."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "Invalid credentials",
            "Send a user's name and password (HTTP Basic), or an API key (Authorization: Bearer ...)",
        )


class ForbiddenError(FleetError):
    """The credentials are right, but not for this."""

    status = 403

    def __init__(self, role: str) -> None:
        super().__init__(
            f"Your credentials are not enough: this takes the role '{role}'",
            "Ask whoever runs the fleet, or use other credentials",
        )


class NotFoundError(FleetError):
    """There is no such thing."""

    status = 404


class ConflictError(FleetError):
    """The right request at the wrong moment."""

    status = 409


class TooLargeError(FleetError):
    """The request body is larger than the service takes."""

    status = 413


class UnsupportedMediaTypeError(FleetError):
    """The body is neither JSON nor, where that is allowed, a form."""

    status = 415


class BusyError(FleetError):
    """The service has as much work as it can take at a time."""

    status = 429
    retry_after_s: ClassVar[int] = 5


class OutOfTimeError(FleetError):
    """The service did not answer in the time that a request may take."""

    status = 504

    def __init__(self) -> None:
        super().__init__(
            "The request took longer than a request may take",
            "What it asked for may still be done: look before you send it again, or ask for less at a time",
        )


class SiblingFailedError(FleetError):
    """A sibling service answered 5xx, refused the connection or did not answer in time."""

    status = 502


class SiblingAwayError(SiblingFailedError):
    """A sibling was not reached, or says that it cannot do for now what it was asked."""

    code = SiblingFailedError.code


class SiblingInDoubtError(SiblingFailedError):
    """A sibling was asked and did not answer: it may have done what it was asked, or do it yet."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"The service {name} {what}",
            f"What {name} was asked for may still be done: look before you send the request again",
        )


class UnavailableError(FleetError):
    """PostgreSQL or MLflow cannot be reached, or another thing that the service needs."""

    status = 503


class AwayError(UnavailableError):
    """What cannot be reached comes back by itself: a job waits for it."""


class SiblingRefusedError(FleetError):
    """A sibling service answered 4xx: its own status and body are the answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(
            str(body.get("error") or "Another service of the fleet refused the request"),
            str(body.get("message") or "Check the request against extras/API.md"),
        )
        self.status = status  # type: ignore[misc]  # the one error whose status is only known when raised
        self.code = str(body.get("code") or self.code)
        self._body = body

    def body(self) -> dict[str, Any]:
        more = {key: value for key, value in self._body.items() if key != "request_id"}
        return {**more, **super().body()}
