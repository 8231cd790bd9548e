"""The logs of the steps: a file each, a history of them all, the terminal; with figures for Prometheus."""

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, partialmethod
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from fire_brigade.persistence.repository.pushgateway import Pushgateway
from fleet.errors import FleetError, InvalidRequestError, NotFoundError
from fleet.logs import TextFormatter, TurnedFile

MODULES = ("data_preprocessing", "build_features", "train_model", "predict_model", "eval_model", "api")
API = "api"
HISTORY = "history"
FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
FILE_BYTES = 1024 * 1024
FILES_KEPT = 5
ASKED_WRONGLY = (InvalidRequestError, NotFoundError)  # the step itself is well
WARNINGS_LOGGER, WARNINGS_HANDLER = "py.warnings", "fire-brigade-warnings"

LEVELS = ("debug", "info", "warning", "error", "critical")
# For durations in seconds as well as for counts of rows.
BUCKETS = (0.01, 0.1, 1, 10, 60, 300, 600, 1e3, 1e4, 1e5, 1e6, 1e7)
NO_NAME = re.compile(r"\W", re.ASCII)
# How each type of metric is made, and takes a value.
TYPES: dict[str, tuple[Any, Any]] = {
    # The last value counts, whichever of a service's worker processes it came from.
    "Gauge": (partial(Gauge, multiprocess_mode="mostrecent"), Gauge.set),
    "Counter": (Counter, Counter.inc),
    "Histogram": (partial(Histogram, buckets=BUCKETS), Histogram.observe),
}

_at_work: ContextVar[str | None] = ContextVar("fire_brigade_step", default=None)


class LogDirectoryError(FleetError):
    """The log files cannot be written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"LOG_DIRECTORY names {directory}, where logs cannot be written: {reason}",
            "Name a folder that may be written to",
        )


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

    def __init__(self, module: str, logger: logging.Logger, gateway: Pushgateway) -> None:
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
        types = _types(len(figures), metric_types)
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


def _types(count: int, given: str | Sequence[str] | None) -> list[str]:
    """One type for each of so many metrics."""
    types = [given] if isinstance(given, str) else list(given or ["Gauge"])
    for each in types:
        if each not in TYPES:
            raise MetricTypesError(f"There is no metric type {each!r}: the types are {', '.join(TYPES)}")
    if len(types) == 1:
        return types * count
    if len(types) != count:
        raise MetricTypesError(
            f"metric_types has {len(types)} types for {count} metrics: give one for all, or one each"
        )
    return types


class LineFormatter(TextFormatter):
    """The lines of the log files, in local time; passwords in addresses and line ends are not written."""

    formatTime = logging.Formatter.formatTime  # noqa: N815  # logging's name; TextFormatter's is of UTC
    converter = staticmethod(time.localtime)
    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = "%s,%03d"

    def __init__(self) -> None:
        super().__init__(FORMAT)


class LogRules(NamedTuple):
    """Where logs go, and what of them. mode: `a` appends, `w` begins anew."""

    directory: Path
    mode: str
    default_level: str
    console_level: str
    history_level: str


class LoggingMetricsManager:
    """Makes the logs of all steps. Raises LogDirectoryError.

    console: what shows messages at once; it is not asked about the API's, which a service logs by itself.
    """

    def __init__(self, rules: LogRules, console: logging.Handler, gateway: Pushgateway) -> None:
        console.setLevel(rules.console_level)
        self._gateway = gateway
        self._handlers = [console]
        self._latest = API
        self.metrics_loggers: dict[str, MetricsLogger] = {}
        try:
            rules.directory.mkdir(parents=True, exist_ok=True)
            history = self._open(rules, HISTORY, rules.history_level)
            for module in MODULES:
                # Not of logging's tree: what a process does with its own log is not for these, nor back.
                logger = logging.Logger(module, rules.default_level)
                own = self._open(rules, module, rules.default_level)
                for handler in (own, history, *([] if module == API else [console])):
                    logger.addHandler(handler)
                self.metrics_loggers[module] = MetricsLogger(module, logger, gateway)
        except OSError as error:
            raise LogDirectoryError(rules.directory, error.strerror or str(error)) from error

    def _open(self, rules: LogRules, name: str, level: str) -> logging.Handler:
        path = rules.directory / f"{name}.log"
        if rules.mode == "w":
            path.write_text("", encoding="utf-8")  # in place: others may have it open
        handler = TurnedFile(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        handler.setLevel(level)
        handler.setFormatter(LineFormatter())
        self._handlers.append(handler)
        return handler

    @contextmanager
    def step(self, module: str) -> Iterator[MetricsLogger]:
        """The log of a step at work; what Python warns of meanwhile lands in it. It is pushed at the end."""
        logger = self.metrics_loggers[module]
        self._latest = module
        token = _at_work.set(module)
        try:
            yield logger
        except FleetError as error:
            write = logger.warning if isinstance(error, ASKED_WRONGLY) else logger.error
            write(f"{error.error}. {error.message}")
            raise
        except Exception:
            logger.exception("The step failed")
            raise
        finally:
            _at_work.reset(token)
            logger.push()

    def take_warnings(self) -> None:
        """Has Python's warnings written to the log of the step at work, or else the last that was."""
        logging.captureWarnings(capture=True)
        logger = logging.getLogger(WARNINGS_LOGGER)
        for old in [handler for handler in logger.handlers if handler.name == WARNINGS_HANDLER]:
            logger.removeHandler(old)
        logger.addHandler(_Warnings(self))
        logger.propagate = False  # it would be shown twice

    def warn(self, text: str) -> None:
        """A warning, to the log of the step at work."""
        self.metrics_loggers[_at_work.get() or self._latest].warning(text)

    def close(self) -> None:
        """Closes the files, once all metrics are pushed."""
        self._gateway.close()
        for handler in self._handlers:
            handler.close()


class ToProcessLog(logging.Handler):
    """Shows messages where the process shows its own: on the handlers of logging's root."""

    def emit(self, record: logging.LogRecord) -> None:
        """Passes it on."""
        logging.getLogger().callHandlers(record)


class _Warnings(logging.Handler):
    """Hands on what `warnings` gives to logging."""

    def __init__(self, manager: LoggingMetricsManager) -> None:
        super().__init__()
        self.name = WARNINGS_HANDLER
        self._manager = manager

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().strip().splitlines()
        self._manager.warn(lines[0] if lines else "A warning without a text")  # the others show source code
