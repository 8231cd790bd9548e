"""The log files of the steps."""

import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from fire_brigade.persistence.repository.log_files import (
    FILE_BYTES,
    MODULES,
    LogDirectoryError,
    LoggingMetricsManager,
    LogRules,
)
from fire_brigade.persistence.repository.pushgateway import Pushgateway
from fleet.errors import ConflictError, NotFoundError

LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (\w+) - ([A-Z]+) - (.*)$")


class Shown(logging.Handler):
    """A terminal that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def rules(folder: Path, **changed: str) -> LogRules:
    told = {"mode": "a", "default_level": "DEBUG", "console_level": "INFO", "history_level": "WARNING"}
    return LogRules(directory=folder / "logs", **{**told, **changed})


@pytest.fixture
def console() -> Shown:
    return Shown()


@pytest.fixture
def logs(tmp_path: Path, console: Shown) -> Iterator[LoggingMetricsManager]:
    manager = LoggingMetricsManager(rules(tmp_path), console, Pushgateway(None))
    yield manager
    manager.close()


def python_own(message: object, category: type[Warning], filename: str, lineno: int, line: object) -> str:
    return f"{filename}:{lineno}: {category.__name__}: {message}\n  {line}\n"


@pytest.fixture
def _warnings_are_taken(logs: LoggingMetricsManager, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Libraries of other services, in this process because their tests are, have them look otherwise.
    monkeypatch.setattr(warnings, "formatwarning", python_own)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.take_warnings()
        yield


def content(folder: Path, module: str) -> list[str]:
    return (folder / "logs" / f"{module}.log").read_text(encoding="utf-8").splitlines()


def test_every_module_has_a_file_of_its_own_in_the_references_format(
    logs: LoggingMetricsManager, tmp_path: Path
) -> None:
    assert set(logs.metrics_loggers) == set(MODULES)
    for module, logger in logs.metrics_loggers.items():
        said = f"{module} at work"
        logger.debug(said)
    for module in MODULES:
        (line,) = content(tmp_path, module)
        found = LINE.match(line)
        assert found is not None
        assert found.groups() == (module, "DEBUG", f"{module} at work")


def test_the_history_has_what_matters_of_all_modules(logs: LoggingMetricsManager, tmp_path: Path) -> None:
    for logger in logs.metrics_loggers.values():
        logger.info("nothing much")
        logger.error("broken")
    found = [LINE.match(line) for line in content(tmp_path, "history")]
    assert [match[1] for match in found if match] == list(MODULES)
    assert {match[3] for match in found if match} == {"broken"}


def test_the_terminal_shows_its_own_level_of_the_steps(logs: LoggingMetricsManager, console: Shown) -> None:
    log = logs.metrics_loggers["train_model"]
    log.debug("detail")
    log.info("trained")
    logs.metrics_loggers["api"].info("a request, which the service logs by itself")
    assert console.lines == ["trained"]


def test_levels_are_settings(tmp_path: Path, console: Shown) -> None:
    told = rules(tmp_path, default_level="ERROR", history_level="CRITICAL", console_level="ERROR")
    manager = LoggingMetricsManager(told, console, Pushgateway(None))
    log = manager.metrics_loggers["train_model"]
    for write in (log.info, log.warning, log.error, log.critical):
        write("said")
    manager.close()
    assert len(content(tmp_path, "train_model")) == 2
    assert len(content(tmp_path, "history")) == 1
    assert len(console.lines) == 2


def test_a_file_is_set_aside_when_it_is_full_and_five_are_kept(
    logs: LoggingMetricsManager, tmp_path: Path
) -> None:
    log = logs.metrics_loggers["build_features"]
    for _ in range(80):
        log.info("x" * 100_000)
    found = sorted((tmp_path / "logs").glob("build_features.log*"))
    assert [path.name for path in found] == ["build_features.log"] + [
        f"build_features.log.{number}" for number in range(1, 6)
    ]
    assert all(path.stat().st_size <= FILE_BYTES for path in found)


@pytest.mark.parametrize(("mode", "kept"), [("a", ["before", "after"]), ("w", ["after"])])
def test_the_mode_says_whether_files_are_begun_anew(
    tmp_path: Path, console: Shown, mode: str, kept: list[str]
) -> None:
    for message in ("before", "after"):
        manager = LoggingMetricsManager(rules(tmp_path, mode=mode), console, Pushgateway(None))
        manager.metrics_loggers["train_model"].info(message)
        manager.close()
    assert [line.rpartition(" - ")[2] for line in content(tmp_path, "train_model")] == kept


def test_no_password_and_no_second_line_gets_into_a_file(logs: LoggingMetricsManager, tmp_path: Path) -> None:
    logs.metrics_loggers["data_preprocessing"].info(
        "from https://me:secret@example.org/x\nforged - INFO - line"
    )
    (line,) = content(tmp_path, "data_preprocessing")
    assert "secret" not in line
    assert "\\nforged" in line


@pytest.mark.usefixtures("_warnings_are_taken")
def test_pythons_warnings_land_in_the_log_of_the_step_at_work(
    logs: LoggingMetricsManager, tmp_path: Path
) -> None:
    with logs.step("train_model"):
        warnings.warn("this is odd", RuntimeWarning, stacklevel=1)
    warnings.warn("so is this", UserWarning, stacklevel=1)  # outside of a step: the last one's
    found = content(tmp_path, "train_model")
    assert [LINE.match(line)[2] for line in found] == ["WARNING", "WARNING"]  # type: ignore[index]
    assert "RuntimeWarning: this is odd" in found[0]
    assert "UserWarning: so is this" in found[1]
    assert len(content(tmp_path, "history")) == 2


def test_a_step_that_fails_says_so_in_its_log(logs: LoggingMetricsManager, tmp_path: Path) -> None:
    with pytest.raises(ConflictError), logs.step("train_model"):
        raise ConflictError("There is nothing to train on", "Build the features")
    with pytest.raises(NotFoundError), logs.step("predict_model"):
        raise NotFoundError("There is no such station", "Name another")
    assert content(tmp_path, "train_model")[0].endswith(
        "ERROR - There is nothing to train on. Build the features"
    )
    assert content(tmp_path, "predict_model")[0].endswith("WARNING - There is no such station. Name another")


def test_a_bug_in_a_step_leaves_its_traceback_in_the_log(logs: LoggingMetricsManager, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), logs.step("eval_model"):
        _ = 1 / 0
    assert "    ZeroDivisionError: division by zero" in content(tmp_path, "eval_model")


def test_a_folder_that_cannot_be_made_is_named_by_its_setting(tmp_path: Path, console: Shown) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(LogDirectoryError, match="LOG_DIRECTORY names"):
        LoggingMetricsManager(rules(tmp_path), console, Pushgateway(None))
