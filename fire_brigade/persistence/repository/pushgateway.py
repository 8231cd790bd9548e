"""Hands the metrics of a step to Prometheus's Pushgateway."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from prometheus_client import CollectorRegistry, pushadd_to_gateway

TIMEOUT_S = 2.0

Warn = Callable[[str], None]


class Gateway(Protocol):
    """Takes the metrics of a job."""

    def push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        """Pushes all of them. warn: told in a sentence if they could not be; nothing is raised."""


class NoGateway:
    """Nobody wants the metrics."""

    def push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        """Does nothing."""


class Pushgateway:
    """The Pushgateway at an address. While it is away, one warning says so, and not one a push."""

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._away = False

    def push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        """Replaces what the job pushed before under the same names."""
        try:
            pushadd_to_gateway(self._address, job, registry, timeout=self._timeout_s)
        except (OSError, ValueError) as error:  # the latter: what answers is no HTTP
            if not self._away:
                self._away = True
                warn(f"The metrics were not pushed, as the Pushgateway does not take them: {error}")
        else:
            self._away = False


class BackgroundPushes:
    """A gateway whose slowness holds nobody up; of pushes that wait, one a job is enough."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="pushes")
        self._waiting: set[str] = set()
        self._lock = threading.Lock()

    def push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        """Returns at once."""
        with self._lock:
            if job in self._waiting:
                return
            self._waiting.add(job)
        self._threads.submit(self._push, job, registry, warn)

    def _push(self, job: str, registry: CollectorRegistry, warn: Warn) -> None:
        with self._lock:
            self._waiting.remove(job)  # first: what is counted from now on needs a push of its own
        self._gateway.push(job, registry, warn)
