"""A log that takes figures along with a message, and counts its messages."""

import logging
import re
import threading
from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from fire_brigade.persistence.repository.pushgateway import Gateway

LEVELS = ("debug", "info", "warning", "error", "critical")
TYPES = ("Gauge", "Counter", "Histogram")
# For durations in seconds as well as for counts of rows.
BUCKETS = (0.01, 0.1, 1, 10, 60, 300, 600, 1e3, 1e4, 1e5, 1e6, 1e7)
NO_NAME = re.compile(r"\W", re.ASCII)

Instrument = Gauge | Counter | Histogram


class MetricTypesError(ValueError):
    """The types that are given do not fit the metrics."""


class MetricsLogger:
    """The log of a module, with its metrics.

    A metric is called by the name that is given and the module's, `mse` in train_model being
    `mse_train_model`. Every message is counted in `<level>_logs_<module>`. Prometheus's format puts `_total`
    behind the names of counters.
    """

    def __init__(self, module: str, logger: logging.Logger, gateway: Gateway) -> None:
        self.module = module
        self.registry = CollectorRegistry()
        self._logger = logger
        self._gateway = gateway
        self._instruments: dict[str, Instrument] = {}
        self._lock = threading.Lock()
        self._counts = {level: self._counter_of(level) for level in LEVELS}

    def debug(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        """What only a search for an error needs."""
        self._log("debug", message, metrics, metric_types)

    def info(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        """What went as it should."""
        self._log("info", message, metrics, metric_types)

    def warning(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        """What went on, though not as it should."""
        self._log("warning", message, metrics, metric_types)

    def error(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        """What failed."""
        self._log("error", message, metrics, metric_types)

    def critical(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        """What stops the whole step."""
        self._log("critical", message, metrics, metric_types)

    def exception(self, message: str) -> None:
        """A bug: an error with the traceback of the exception that is being handled."""
        self._counts["error"].inc()
        self._logger.exception(message)

    def push(self) -> None:
        """Hands all metrics to the gateway; one that is away is a warning."""
        self._gateway.push(self.module, self.registry, self.warning)

    def _log(
        self,
        level: str,
        message: str,
        metrics: Mapping[str, float] | None,
        metric_types: str | Sequence[str] | None,
    ) -> None:
        figures = metrics or {}
        types = _types(figures, metric_types)
        instruments = [self._instrument(name, kind) for name, kind in zip(figures, types, strict=True)]
        for instrument, value in zip(instruments, figures.values(), strict=True):
            _record(instrument, float(value))
        self._counts[level].inc()
        self._logger.log(logging.getLevelNamesMapping()[level.upper()], "%s", message)

    def _instrument(self, name: str, kind: str) -> Instrument:
        full = self._full_name(name)
        with self._lock:
            known = self._instruments.get(full)
            if known is None:
                known = self._instruments[full] = _make(kind, full, self.registry)
        if type(known).__name__ != kind:
            raise MetricTypesError(
                f"The metric {full} is a {type(known).__name__} already, and cannot be a {kind}"
            )
        return known

    def _full_name(self, name: str) -> str:
        clean = NO_NAME.sub("_", name)
        return clean if clean.endswith(f"_{self.module}") else f"{clean}_{self.module}"

    def _counter_of(self, level: str) -> Counter:
        name = f"{level}_logs_{self.module}"
        return Counter(name, f"Messages of the level {level}", registry=self.registry)


def _types(metrics: Mapping[str, float], given: str | Sequence[str] | None) -> Sequence[str]:
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


def _make(kind: str, name: str, registry: CollectorRegistry) -> Instrument:
    what = name.replace("_", " ")
    if kind == "Gauge":
        # The last value counts, whichever of a service's worker processes it came from.
        return Gauge(name, what, registry=registry, multiprocess_mode="mostrecent")
    if kind == "Counter":
        return Counter(name, what, registry=registry)
    return Histogram(name, what, buckets=BUCKETS, registry=registry)


def _record(instrument: Instrument, value: float) -> None:
    """Set a gauge, add to a counter, put into a histogram."""
    if isinstance(instrument, Gauge):
        instrument.set(value)
    elif isinstance(instrument, Counter):
        instrument.inc(value)
    else:
        instrument.observe(value)
