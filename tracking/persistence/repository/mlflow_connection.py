"""The bounded MLflow client, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow import MlflowClient
from mlflow import environment_variables as variables
from mlflow.exceptions import MlflowException

from fleet.errors import InvalidRequestError, NotFoundError, UnavailableError

# One more attempt, for a kept-alive connection that the server has just closed.
RETRIES = 1
UNREADABLE = frozenset({"INVALID_PARAMETER_VALUE", "BAD_REQUEST"})  # the latter: PostgreSQL refused it
NOT_THERE = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
# Answers that say "not now" or "this is no MLflow" rather than something about the request.
OUT_OF_ORDER = frozenset({429, 401, 403})


class MlflowUnavailableError(UnavailableError):
    """MLflow refused the connection, failed, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow cannot be reached", "Check that the MLflow server is running, then send the request again"
        )


def connect(url: str, *, timeout_s: int) -> MlflowClient:
    """A client that gives up after about `2 * timeout_s` seconds, where MLflow's own retries take minutes.

    MLflow takes these bounds from the process's environment only.
    """
    variables.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(RETRIES)
    variables.MLFLOW_HTTP_REQUEST_TIMEOUT.set(timeout_s)
    variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)  # its price is one more request a run
    variables.MLFLOW_DISABLE_TELEMETRY.set(True)
    return MlflowClient(tracking_uri=url, registry_uri=url)


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
        if out_of_order(error):
            raise MlflowUnavailableError from error
        raise


def out_of_order(error: MlflowException) -> bool:
    """Whether MLflow, rather than the request, is at fault."""
    status = error.get_http_status_code()
    return bool(status >= 500 or status in OUT_OF_ORDER or error.error_code == "ENDPOINT_NOT_FOUND")
