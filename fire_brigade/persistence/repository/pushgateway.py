"""Hands the metrics of a step to Prometheus's Pushgateway."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prometheus_client import CollectorRegistry, pushadd_to_gateway

from fire_brigade.persistence.repository.figures import AddedUp

TIMEOUT_S = 2.0

Warn = Callable[[str], None]


class Pushgateway:
    """The Pushgateway at an address, whose slowness holds nobody up; None if nobody wants the metrics.

    figures: the folder of keep_figures, of a process that does so: what is pushed is added up there.
    Of pushes that wait, one a job is enough. While it is away, one warning says so, and not one a push.
    """

    def __init__(
        self, address: str | None, timeout_s: float = TIMEOUT_S, figures: Path | None = None
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._figures = figures
        self._away = False
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="pushes")
        self._waiting: set[str] = set()
        self._lock = threading.Lock()

    def push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        """Have all of them replace what the job pushed before under the same names.

        warn: told in a sentence if they could not be pushed; nothing is raised.
        """
        with self._lock:
            if self._address is None or job in self._waiting:
                return
            self._waiting.add(job)
        self._threads.submit(self._push, self._address, job, registry, warn)

    def close(self) -> None:
        """Waits for the pushes that were begun."""
        self._threads.shutdown()

    def _push(self, address: str, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        with self._lock:
            self._waiting.remove(job)  # first: what is counted from now on needs a push of its own
        try:
            shown = registry if self._figures is None else AddedUp(registry, self._figures)
            pushadd_to_gateway(address, job, shown, timeout=self._timeout_s)
        except (OSError, ValueError) as error:  # the latter: what answers is no HTTP
            if not self._away:
                self._away = True
                warn(f"The metrics were not pushed, as the Pushgateway does not take them: {error}")
        else:
            self._away = False
