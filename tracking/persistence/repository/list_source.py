"""Where lists are read: in MLflow's database if it can be read, and else from MLflow."""

import logging
import time
from collections.abc import Callable

from tracking.persistence.repository.database_lists import DatabaseLists, UnreadableError
from tracking.persistence.repository.mlflow_lists import MlflowLists

log = logging.getLogger(__name__)

CHECKED_FOR_S = 30.0  # MLflow may be brought to another version, or its database come back, while we run


class ListSource:
    """Called for lists, once a request. database: None where MLflow's database is not known.

    ping: raises MlflowUnavailableError unless MLflow answers.
    """

    def __init__(self, database: DatabaseLists | None, mlflow: MlflowLists, ping: Callable[[], None]) -> None:
        self._database = database
        self._mlflow = mlflow
        self._ping = ping
        self._usable: DatabaseLists | None = None
        self._checked_at: float | None = None
        self._said: str | None = None

    def __call__(self) -> DatabaseLists | MlflowLists:
        """Raises MlflowUnavailableError: lists say nothing of an MLflow that is away, nor does the rest."""
        if self._database is None:
            return self._mlflow
        now = time.monotonic()
        if self._checked_at is None or now - self._checked_at > CHECKED_FOR_S:
            self._usable = self._check(self._database)
            self._checked_at = now
        if self._usable is None:
            return self._mlflow
        self._ping()
        return self._usable

    def _check(self, database: DatabaseLists) -> DatabaseLists | None:
        try:
            database.check()
        except UnreadableError as error:
            if error.error != self._said:
                log.warning(
                    "Lists of runs come from MLflow, which is slow: %s. %s", error.error, error.message
                )
                self._said = error.error
            return None
        self._said = None
        return database
