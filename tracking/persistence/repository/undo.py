"""Takes back what a failed recording has left in MLflow."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mlflow.exceptions import MlflowException
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError, translated

log = logging.getLogger(__name__)

RETRY_EVERY_S = 2
GIVE_UP_AFTER_S = 1800


class Undo:
    """Runs the steps that were added, the newest first, if the `with` block fails.

    While MLflow is out of reach the rest of them is tried again in the background.
    """

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def add(self, step: Callable[[], object]) -> None:
        """Remember how to take back what was just done."""
        self._steps.append(step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        try:
            self._take_back()
        except MlflowUnavailableError:
            log.warning("MLflow is away: %d steps are taken back when it returns", len(self._steps))
            threading.Thread(target=self._take_back_later, name="undo", daemon=True).start()

    def _take_back(self) -> None:
        while self._steps:
            try:
                with translated():
                    self._steps[-1]()
            except MlflowException:
                log.warning("A step could not be taken back", exc_info=True)
            self._steps.pop()

    def _take_back_later(self) -> None:
        attempts = Retrying(
            retry=retry_if_exception_type(MlflowUnavailableError),
            wait=wait_fixed(RETRY_EVERY_S),
            stop=stop_after_delay(GIVE_UP_AFTER_S),
            reraise=True,
        )
        try:
            attempts(self._take_back)
        except MlflowUnavailableError:
            log.exception("MLflow did not return: %d steps were not taken back", len(self._steps))
