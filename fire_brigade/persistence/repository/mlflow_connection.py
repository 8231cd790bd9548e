"""The bounded MLflow client, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from mlflow import MlflowClient
from mlflow import environment_variables as variables
from mlflow.exceptions import MlflowException

from fleet.errors import UnavailableError

RETRIES = 1  # for a kept-alive connection that the server has just closed
TIMEOUT_S = 5
WATCHED_S = 1
NOT_THERE = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
EXISTS = frozenset({"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"})


class MlflowFailedError(UnavailableError):
    """MLflow refused the connection, failed, or did not answer in time; or files for it had no room."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow cannot be reached, or refuses",
            "Check that the server that MLFLOW_TRACKING_URI names is running, and that there is room for "
            "temporary files, or set USE_MLFLOW to false",
        )


def connect(url: str) -> MlflowClient:
    """A client that gives up after some 10 seconds. MLflow takes its bounds from the environment only."""
    variables.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(RETRIES)
    variables.MLFLOW_HTTP_REQUEST_TIMEOUT.set(TIMEOUT_S)
    variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)
    variables.MLFLOW_DISABLE_TELEMETRY.set(True)
    return MlflowClient(tracking_uri=url, registry_uri=url)


def answers(url: str) -> bool:
    """Whether the server is there, within a second or two: for those who watch."""
    try:
        return requests.get(f"{url.rstrip('/')}/health", timeout=WATCHED_S).ok
    except requests.RequestException:
        return False


@contextmanager
def translated() -> Iterator[None]:
    """Turn MLflow's errors into MlflowFailedError; those of its storage, and of requests, are OSErrors."""
    try:
        yield
    except (MlflowException, OSError) as error:
        raise MlflowFailedError from error
