"""A log that takes figures along with a message, and counts its messages."""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial, partialmethod
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from fire_brigade.persistence.repository.pushgateway import Gateway

LEVELS = ("debug", "info", "warning", "error", "critical")
# For durations in seconds as well as for counts of rows.
BUCKETS = (0.01, 0.1, 1, 10, 60, 300, 600, 1e3, 1e4, 1e5, 1e6, 1e7)
NO_NAME = re.compile(r"\W", re.ASCII)
# How each type of metric is made, and takes a value.
TYPES: dict[str, tuple[Callable[..., Any], Callable[[Any, float], object]]] = {
    # The last value counts, whichever of a service's worker processes it came from.
    "Gauge": (partial(Gauge, multiprocess_mode="mostrecent"), Gauge.set),
    "Counter": (Counter, Counter.inc),
    "Histogram": (partial(Histogram, buckets=BUCKETS), Histogram.observe),
}


class MetricTypesError(ValueError):
    """The types that are given do not fit the metrics."""


class MetricsLogger:
    """The log of a module, with its metrics.

    `log.info(message, metrics={"mse": 12.5}, metric_types="Gauge")`, and so for every level.

    metrics: values by name. metric_types: "Gauge", "Counter" or "Histogram", one for all or one each, in
    their order; gauges unless given. A metric is called by its name and the module's: `mse` in train_model is
    `mse_train_model`. Every message is counted in `<level>_logs_<module>`. Prometheus's format puts `_total`
    behind the names of counters.
    """

    def __init__(self, module: str, logger: logging.Logger, gateway: Gateway) -> None:
        self.module = module
        self.registry = CollectorRegistry()
        self._logger = logger
        self._gateway = gateway
        self._instruments: dict[str, tuple[str, Any]] = {}
        self._lock = threading.Lock()
        self._counts = {
            level: Counter(f"{level}_logs_{module}", f"Messages of the level {level}", registry=self.registry)
            for level in LEVELS
        }

    def _log(
        self,
        level: str,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        figures = metrics or {}
        types = _types(figures, metric_types)
        instruments = [self._instrument(name, kind) for name, kind in zip(figures, types, strict=True)]
        for kind, instrument, value in zip(types, instruments, figures.values(), strict=True):
            TYPES[kind][1](instrument, float(value))
        self._counts[level].inc()
        self._logger.log(logging.getLevelNamesMapping()[level.upper()], "%s", message)

    debug = partialmethod(_log, "debug")
    info = partialmethod(_log, "info")
    warning = partialmethod(_log, "warning")
    error = partialmethod(_log, "error")
    critical = partialmethod(_log, "critical")

    def exception(self, message: str) -> None:
        """A bug: an error with the traceback of the exception that is being handled."""
        self._counts["error"].inc()
        self._logger.exception(message)

    def push(self) -> None:
        """Hands all metrics to the gateway; one that is away is a warning."""
        self._gateway.push(self.module, self.registry, self.warning)

    def _instrument(self, name: str, kind: str) -> Any:
        clean = NO_NAME.sub("_", name)
        full = clean if clean.endswith(f"_{self.module}") else f"{clean}_{self.module}"
        with self._lock:
            if full not in self._instruments:
                made = TYPES[kind][0](full, full.replace("_", " "), registry=self.registry)
                self._instruments[full] = kind, made
            known, instrument = self._instruments[full]
        if known != kind:
            raise MetricTypesError(f"The metric {full} is a {known} already, and cannot be a {kind}")
        return instrument


def _types(metrics: Mapping[str, float], given: str | Sequence[str] | None) -> list[str]:
    """One type for each metric."""
    types = [given] if isinstance(given, str) else list(given or ["Gauge"])
    unknown = [each for each in types if each not in TYPES]
    if unknown:
        raise MetricTypesError(f"There is no metric type {unknown[0]!r}: the types are {', '.join(TYPES)}")
    if len(types) == 1:
        return types * len(metrics)
    if len(types) != len(metrics):
        raise MetricTypesError(
            f"metric_types has {len(types)} types for {len(metrics)} metrics: give one for all, or one each"
        )
    return types
