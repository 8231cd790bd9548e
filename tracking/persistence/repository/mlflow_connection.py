"""What the errors of MLflow's client mean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mlflow.exceptions import MlflowException, RestException

from fleet.errors import AwayError, InvalidRequestError, NotFoundError, UnavailableError
from fleet.mlflow_client import NOT_THERE
from fleet.transport import TRANSPORT_FAILURES, was_never_sent

UNREADABLE = frozenset({"INVALID_PARAMETER_VALUE", "BAD_REQUEST"})  # the latter: PostgreSQL refused it
# Answers that say "not now" or "this is no MLflow" rather than something about the request.
OUT_OF_ORDER = frozenset({429, 401, 403})


class MlflowUnavailableError(AwayError):
    """MLflow refused the connection, failed, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow cannot be reached", "Check that the MLflow server is running, then send the request again"
        )


class MlflowInDoubtError(MlflowUnavailableError):
    """MLflow was asked and did not answer: it may have done what it was asked, or do it yet."""

    def __init__(self) -> None:
        UnavailableError.__init__(
            self,
            "MLflow did not answer in time",
            "What was asked for may still be done: look before you send the request again",
        )


@contextmanager
def translated(
    missing: NotFoundError | None = None, *, invalid: InvalidRequestError | None = None
) -> Iterator[None]:
    """Turn MLflow's errors into ours.

    missing: raised where MLflow says that there is no such thing; invalid: where it cannot read what it is
    given.
    """
    try:
        yield
    except MlflowException as error:
        if missing is not None and error.error_code in NOT_THERE:
            raise missing from error
        if invalid is not None and error.error_code in UNREADABLE:
            raise invalid from error
        if not out_of_order(error):
            raise
        raise (MlflowInDoubtError() if _in_doubt(error) else MlflowUnavailableError()) from error


def unless_gone(change: Callable[..., object], *arguments: Any) -> None:
    """Make a change of MLflow's client, unless what it is about is not there any more."""
    try:
        change(*arguments)
    except MlflowException as error:
        if error.error_code not in NOT_THERE:
            raise


def again_if_refused(change: Callable[..., object], *arguments: Any) -> None:
    """Make a change of MLflow's client, and once more if its database has refused it: somebody else may have
    made the same row at the same moment, and then it is there.
    """
    try:
        change(*arguments)
    except MlflowException as error:
        if error.error_code not in UNREADABLE:
            raise
        change(*arguments)


def out_of_order(error: MlflowException) -> bool:
    """Whether MLflow, rather than the request or whoever prepared it, is at fault."""
    cause = _cause(error)
    if cause is not None and not isinstance(cause, TRANSPORT_FAILURES):
        return False  # raised in this process, before anything was sent or after it was answered
    status = error.get_http_status_code()
    return bool(status >= 500 or status in OUT_OF_ORDER or error.error_code == "ENDPOINT_NOT_FOUND")


def _in_doubt(error: MlflowException) -> bool:
    cause = _cause(error)
    return isinstance(cause, TRANSPORT_FAILURES) and not was_never_sent(cause)


def _cause(error: MlflowException) -> BaseException | None:
    """What MLflow's client raised its own error for; None if it was for the server's answer."""
    cause = error.__cause__ or error.__context__
    return None if isinstance(error, RestException) or isinstance(cause, MlflowException) else cause
