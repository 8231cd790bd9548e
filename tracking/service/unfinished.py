"""Settles recordings whose process has ended: at the start of the service, and now and then."""

import logging
import threading
from collections.abc import Callable

from fleet.errors import UnavailableError

log = logging.getLogger(__name__)

RETRY_S = 2.0
AGAIN_S = 300.0


class Unfinished:
    """Settles them. settle: raises UnavailableError while MLflow is away."""

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle
        self._woken = threading.Event()
        self._is_stopped = False

    def start(self) -> None:
        """Look for them from now on, in a thread of its own."""
        threading.Thread(target=self._watch, name="unfinished", daemon=True).start()

    def look(self) -> None:
        """Look now, and not only after a while."""
        self._woken.set()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        self._woken.set()

    def _watch(self) -> None:
        wait_s = 0.0
        while True:
            self._woken.wait(wait_s)
            self._woken.clear()
            if self._is_stopped:
                return
            try:
                self._settle()
                wait_s = AGAIN_S
            except UnavailableError:
                wait_s = RETRY_S
            except Exception:
                log.exception("Interrupted recordings could not be settled")
                wait_s = AGAIN_S
