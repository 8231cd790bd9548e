"""A service's log: one line an event, for people or for programs, on stderr and, where asked, in a file."""

import fcntl
import logging
import os
import re
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from fleet.settings import InvalidSettingsError, ServiceSettings

Context = Callable[[], Mapping[str, str]]

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
RENAMED = {"asctime": "time", "levelname": "level", "name": "logger"}
CONTROLS = (*range(32), *range(127, 160), 0x2028, 0x2029)  # the last two end a line in some viewers
ESCAPED = {code: f"\\x{code:02x}" for code in CONTROLS} | {ord("\n"): "\\n"}
OUR_HANDLERS = ("mlfleet-first", "mlfleet-second")
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
LINE_BYTES = 120
LOOK_EVERY_S = 0.2
# granian's loggers speak through ours instead of printing in a form of their own.
GRANIAN_LOGS: dict[str, Any] = {
    "handlers": {},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
}

# What an error of PostgreSQL, of pydantic or of a URL would tell about rows and passwords.
ROW_DETAIL = re.compile(r"^(DETAIL|CONTEXT|LINE \d+):.*$", re.MULTILINE)
INPUT_VALUE = re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL)
URL_PASSWORD = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)")


def set_up_logs(service: str, settings: ServiceSettings, context: Context = dict) -> None:
    """Have everything that this process logs, libraries included, written as the settings say.

    context: what is known at the moment of the line, such as request_id and user. Doing it again replaces
    what was set up before. Raises InvalidSettingsError if the file cannot be written.
    """
    handlers: list[logging.Handler] = []
    if settings.log_file is not None:
        handlers.append(_open_file(service, settings, settings.log_file))
    if not (settings.log_file is not None and is_standard_error(settings.log_file)):
        handlers.append(logging.StreamHandler(sys.stderr))
    formatter = _formatter(service, settings.log_format)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.name in OUR_HANDLERS]:
        root.removeHandler(old)
        old.close()
    for name, handler in zip(OUR_HANDLERS, handlers, strict=False):
        handler.name = name
        handler.setFormatter(formatter)
        handler.addFilter(_ContextFilter(context))
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # its lines on jobs say less than ours
    _leave_out_what_no_line_tells()
    logging.captureWarnings(capture=True)


def _leave_out_what_no_line_tells() -> None:
    """Where in the code a line comes from, and from which thread: finding out takes as long as writing it.

    As Python's logging HOWTO describes it ("Optimization").
    """
    logging._srcfile = None  # noqa: SLF001
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def is_standard_error(path: Path) -> bool:
    """Whether this process writes its errors to this very file, as `./launch.sh` has services do."""
    return STANDARD_ERROR in _standard(path)


def _standard(path: Path) -> list[int]:
    """Which of this process's standard output and error are this file."""
    try:
        file = path.stat()
        return [each for each in (STANDARD_OUTPUT, STANDARD_ERROR) if os.path.samestat(os.fstat(each), file)]
    except OSError:
        return []


class TurnedFile(RotatingFileHandler):
    """A log file that is set aside when it is full; right also where several processes write to it.

    If it is this process's standard output or error, that goes along to the new file. Only its owner reads.
    """

    _look_at, _room = 0.0, 0

    def __init__(self, path: Path, **options: Any) -> None:
        self._along = _standard(path)
        super().__init__(path, **options)

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for standard in self._along:
            os.dup2(descriptor, standard)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding, errors=self.errors)

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802  # logging's name
        # Looking takes twice as long as writing the line: once in a while will do, and when it may be full.
        needed = len(record.getMessage()) + LINE_BYTES
        self._room -= needed
        if self._room > 0 and time.monotonic() < self._look_at:
            return False
        if self._set_aside():
            self._reopen()
        size = os.fstat(self._opened().fileno()).st_size
        left = self.maxBytes - size - needed
        self._look_at, self._room = time.monotonic() + LOOK_EVERY_S, left // 2
        return left < 0 < size

    def doRollover(self) -> None:  # noqa: N802  # logging's name
        # The lock is the old file's: whoever waited for it finds that another process was faster. It is held
        # by a descriptor of its own, because the first thing that logging does is to close the file.
        held = os.dup(self._opened().fileno())
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            if self._set_aside():
                self._reopen()
            else:
                super().doRollover()
        finally:
            os.close(held)

    def _set_aside(self) -> bool:
        try:
            named = Path(self.baseFilename).stat()
        except FileNotFoundError:
            return True
        opened = os.fstat(self._opened().fileno())
        return (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino)

    def _reopen(self) -> None:
        self._opened().close()
        self.stream = self._open()

    def _opened(self) -> TextIOWrapper:
        self.stream = self.stream or self._open()
        return self.stream


class _ContextFilter(logging.Filter):
    """On the handlers, not on a logger: lines of libraries get it too."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in self._context().items():
            setattr(record, name, value)
        return True


class _UtcFormatter(logging.Formatter):
    """Times as ISO 8601 in UTC."""

    _latest = (0, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # logging's name
        """Made once a second, of which many lines may be. datefmt is not looked at."""
        second, text = self._latest
        if second != int(record.created):
            second = int(record.created)
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._latest = (second, text)
        return f"{text}.{int(record.msecs):03d}Z"


class TextFormatter(_UtcFormatter):
    """A line for people, without secrets; only a bug's traceback follows, on lines of its own, indented."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # as another handler may have written it
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        line = _without_values(super().formatMessage(record))
        known = [(name, getattr(record, name, None)) for name in ("request_id", "user")]
        line += "".join(f" {name}={value}" for name, value in known if value)
        return line if line.isprintable() else line.translate(ESCAPED)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return textwrap.indent(_without_values(super().formatException(ei)), "    ")


class _JsonFormatter(_UtcFormatter, JsonFormatter):
    """A JSON object for programs."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _without_values(value) if isinstance(value, str) else value
            for name, value in log_data.items()
        }


def _formatter(service: str, form: str) -> logging.Formatter:
    if form == "text":
        return TextFormatter(TEXT)
    return _JsonFormatter(
        TEXT, rename_fields=RENAMED, static_fields={"service": service}, json_ensure_ascii=False
    )


def _open_file(service: str, settings: ServiceSettings, path: Path) -> TurnedFile:
    try:
        return TurnedFile(
            path, maxBytes=settings.log_file_bytes, backupCount=settings.log_file_count, encoding="utf-8"
        )
    except OSError as error:
        raise InvalidSettingsError(
            f"{service.upper()}_LOG_FILE names {path}, which cannot be written: {error.strerror}"
        ) from error


def _without_values(text: str) -> str:
    if "DETAIL" in text or "CONTEXT" in text or "LINE " in text:  # rarely, and sooner found out
        text = ROW_DETAIL.sub(r"\1: (not logged)", text)
    if "input_value=" in text:
        text = INPUT_VALUE.sub("input_value=(not logged)", text)
    return URL_PASSWORD.sub("***", text) if "://" in text else text
