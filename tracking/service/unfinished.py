"""Settles recordings whose process has ended: at the start of the service, and now and then."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from fleet.errors import UnavailableError

log = logging.getLogger(__name__)

RETRY_S = 2.0
AGAIN_S = 300.0


class Recordings(Protocol):
    """What recordings have left in MLflow; see persistence.repository.recordings."""

    def unfinished(self) -> dict[str, str]: ...

    def settle(self, experiment_id: str, recording: str) -> None: ...


class Unfinished:
    """Looks for them. claimed: whether nobody makes a recording any more, until the block ends."""

    def __init__(
        self, recordings: Recordings, claimed: Callable[[str], AbstractContextManager[bool]]
    ) -> None:
        self._recordings = recordings
        self._claimed = claimed
        self._stopped = threading.Event()

    def start(self) -> None:
        """Look for them from now on, in a thread of its own."""
        threading.Thread(target=self._watch, name="unfinished", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def settle(self) -> None:
        """Settle those that nobody makes any more. Raises UnavailableError while MLflow is away."""
        for recording, experiment_id in self._recordings.unfinished().items():
            with self._claimed(recording) as abandoned:
                if abandoned:
                    log.warning("A recording in experiment %s was interrupted: settling it", experiment_id)
                    self._recordings.settle(experiment_id, recording)

    def _watch(self) -> None:
        wait_s = 0.0
        while not self._stopped.wait(wait_s):
            try:
                self.settle()
                wait_s = AGAIN_S
            except UnavailableError:
                wait_s = RETRY_S
            except Exception:
                log.exception("Interrupted recordings could not be settled")
                wait_s = AGAIN_S
