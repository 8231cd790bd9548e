"""The logs of the steps: a file each, a history of them all, and the terminal."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from fire_brigade.persistence.repository.metrics_logger import MetricsLogger
from fire_brigade.persistence.repository.pushgateway import Gateway
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

_at_work: ContextVar[str | None] = ContextVar("fire_brigade_step", default=None)


class LogDirectoryError(FleetError):
    """The log files cannot be written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            f"LOG_DIRECTORY names {directory}, where logs cannot be written: {reason}",
            "Name a folder that may be written to",
        )


@dataclass(frozen=True)
class LogRules:
    """Where logs go, and what of them. mode: `a` appends, `w` begins anew."""

    directory: Path
    mode: str
    default_level: str
    console_level: str
    history_level: str

    def open(self, name: str, level: str) -> logging.Handler:
        """The file of that name. Raises OSError."""
        path = self.directory / f"{name}.log"
        if self.mode == "w":
            path.write_text("", encoding="utf-8")  # in place: others may have it open
        handler = TurnedFile(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        handler.setLevel(level)
        handler.setFormatter(LineFormatter())
        return handler


class LineFormatter(TextFormatter):
    """The lines of the log files, in local time; passwords in addresses and line ends are not written."""

    formatTime = logging.Formatter.formatTime  # noqa: N815  # logging's name; TextFormatter's is of UTC
    converter = staticmethod(time.localtime)
    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = "%s,%03d"

    def __init__(self) -> None:
        super().__init__(FORMAT)


class LoggingMetricsManager:
    """Makes the logs of all steps. Raises LogDirectoryError.

    console: what shows messages at once; it is not asked about the API's, which a service logs by itself.
    """

    def __init__(self, rules: LogRules, console: logging.Handler, gateway: Gateway) -> None:
        console.setLevel(rules.console_level)
        self._handlers = [console]
        self._latest = API
        loggers = {}
        try:
            rules.directory.mkdir(parents=True, exist_ok=True)
            history = rules.open(HISTORY, rules.history_level)
            self._handlers.append(history)
            for module in MODULES:
                # Not of logging's tree: what a process does with its own log is not for these, nor back.
                logger = logging.Logger(module, rules.default_level)
                own = rules.open(module, rules.default_level)
                self._handlers.append(own)
                for handler in (own, history, *([] if module == API else [console])):
                    logger.addHandler(handler)
                loggers[module] = MetricsLogger(module, logger, gateway)
        except OSError as error:
            raise LogDirectoryError(rules.directory, error.strerror or str(error)) from error
        self.metrics_loggers: Mapping[str, MetricsLogger] = loggers

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
        """Closes the files."""
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
