"""The log of a service: one line an event, with the request it belongs to, and without values."""

import fcntl
import json
import logging
import multiprocessing
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import g
from flask.testing import FlaskClient
from flask_restful import Resource

from fleet.caller import Caller
from fleet.errors import UnavailableError
from fleet.logs import OUR_HANDLERS, TurnedFile, set_up_logs
from fleet.settings import InvalidSettingsError, ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.roles import takes_role
from tests.running import running_service, wait_until_alive

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) +[\w.]+: .+")
DATABASE_ERROR = (
    "null value in column\nDETAIL:  Failing row contains (1, 13.94, 1.73).\nLINE 1: INSERT 4.2\n"
    "input_value='5.55', input_type=str, for postgresql://mlfleet:hidden@127.0.0.1/dataset"
)

Start = Callable[..., FlaskClient]
Lines = Callable[[], list[str]]


class Logging(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Logs as a library would, or fails."""

    @takes_role("anyone")
    def get(self, name: str) -> dict[str, str]:
        if name == "bug":
            raise ZeroDivisionError(DATABASE_ERROR)
        if name == "away":
            raise UnavailableError("No water", "Open the tap") from OSError("pipe\nburst")
        g.caller = Caller("ann", "user", g.request_id)
        logging.getLogger("some.library").warning("said %s", name)
        return {}


def ready() -> None:
    """Always."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "tea.log"


@pytest.fixture
def lines(log: Path) -> Lines:
    return lambda: log.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def start(log: Path) -> Iterator[Start]:
    """Makes an app that logs to the file; the process logs as before afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def client(**settings: Any) -> FlaskClient:
        app = make_app("tea", ServiceSettings(port=5999, service_url="/tea", log_file=log, **settings))
        add_routes(app, [Route(Logging, ["/<name>"])], prefixes=["/root/tea"], ready=ready)
        return app.test_client()

    with warnings.catch_warnings():
        yield client
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_a_request_is_a_line_with_its_id_and_utc_time(start: Start, lines: Lines) -> None:
    start().get("/v1/nowhere?leaf=secret", headers={"X-Request-ID": "abc"})
    (line,) = lines()
    assert LINE.fullmatch(line)
    assert re.search(r"fleet\.web\.app: GET /v1/nowhere 404 in [\d.]+ ms request_id=abc$", line)


def test_a_librarys_line_has_the_id_and_the_user(start: Start, lines: Lines) -> None:
    start().get("/root/tea/hello", headers={"X-Request-ID": "abc"})
    assert lines()[0].endswith("WARNING some.library: said hello request_id=abc user=ann")


def test_nothing_of_a_request_is_on_lines_outside(start: Start, lines: Lines) -> None:
    start().get("/root/tea/hello", headers={"X-Request-ID": "abc"})
    logging.getLogger("some.library").warning("later")
    assert lines()[-1].endswith("some.library: later")


def test_json_has_the_fields_that_text_has(start: Start, lines: Lines) -> None:
    start(log_format="json").get("/root/tea/hello", headers={"X-Request-ID": "abc"})
    library, request = (json.loads(line) for line in lines())
    common = {"service": "tea", "request_id": "abc", "user": "ann"}
    assert library.items() >= {**common, "level": "WARNING", "logger": "some.library"}.items()
    assert library["message"] == "said hello"
    assert request.items() >= {**common, "method": "GET", "path": "/root/tea/hello", "status": 200}.items()
    assert request["duration_ms"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", request["time"])


def test_a_path_cannot_forge_a_line(start: Start, lines: Lines) -> None:
    start().get("/x%0A2026-01-01T00:00:00.000Z INFO root: forged%1b[31m%E2%80%A8")
    (line,) = lines()
    assert r"/x\n2026" in line
    assert line.isprintable()


def test_who_only_watches_is_not_logged(start: Start, lines: Lines) -> None:
    client = start()
    for path in ("/health/live", "/health/ready", "/metrics"):
        client.get(path)
    assert lines() == []


@pytest.mark.parametrize("form", ["text", "json"])
def test_neither_rows_nor_passwords_are_logged_with_a_bug(start: Start, lines: Lines, form: str) -> None:
    start(log_format=form).get("/root/tea/bug", headers={"X-Request-ID": "find-me"})
    written = "\n".join(lines())
    assert "ZeroDivisionError" in written
    assert "null value in column" in written
    assert "find-me" in lines()[0]
    assert not [value for value in ("13.94", "INSERT 4.2", "'5.55'", "hidden") if value in written]


def test_a_bugs_traceback_is_indented_in_text_and_inside_the_line_in_json(
    start: Start, lines: Lines, log: Path
) -> None:
    start().get("/root/tea/bug")
    first, *trace, last = lines()
    assert LINE.fullmatch(first)
    assert LINE.fullmatch(last)
    assert all(line.startswith("    ") for line in trace)
    log.write_text("", encoding="utf-8")
    start(log_format="json").get("/root/tea/bug")
    assert "Traceback" in json.loads(lines()[0])["exc_info"]


def test_a_failure_of_what_a_service_needs_is_a_warning_of_one_line(start: Start, lines: Lines) -> None:
    start().get("/root/tea/away")
    warning, request = lines()
    assert "503: No water (pipe) request_id=" in warning
    assert " GET /root/tea/away 503 " in request


def test_a_python_warning_is_a_line(start: Start, lines: Lines) -> None:
    start()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old news", UserWarning, stacklevel=1)
    (line,) = lines()
    assert "WARNING py.warnings: " in line
    assert "old news" in line


def test_setting_up_again_replaces_what_was_set_up(start: Start, lines: Lines) -> None:
    start()
    start().get("/v1/nowhere")
    assert len(lines()) == 1
    assert sum(handler.name in OUR_HANDLERS for handler in logging.getLogger().handlers) == 2


def test_a_full_file_is_set_aside_and_only_some_are_kept(start: Start, log: Path) -> None:
    client = start(log_file_bytes=400, log_file_count=2)
    for _ in range(20):
        client.get("/v1/nowhere")
    files = sorted(path.name for path in log.parent.iterdir())
    assert files == ["tea.log", "tea.log.1", "tea.log.2"]
    assert all(path.stat().st_size <= 400 for path in log.parent.iterdir())


def write_lines(log: Path, name: str) -> None:
    """Runs in a process of its own."""
    settings = ServiceSettings(
        port=5999, service_url="/tea", log_file=log, log_file_bytes=3000, log_file_count=99
    )
    set_up_logs("tea", settings)
    for number in range(200):
        logging.getLogger("writer").info("%s-%03d.", name, number)


def test_several_processes_lose_no_line_when_the_file_is_set_aside(log: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_lines, args=(log, name)) for name in ("a", "b", "c")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    files = list(log.parent.iterdir())
    found = re.findall(r"[abc]-\d{3}(?=\.\n)", "".join(path.read_text(encoding="utf-8") for path in files))
    assert len(files) > 5
    assert sorted(found) == sorted(f"{name}-{number:03d}" for name in "abc" for number in range(200))


def test_nobody_else_sets_the_file_aside_meanwhile(log: Path) -> None:
    handler = TurnedFile(log, maxBytes=10, backupCount=2)
    turns = []

    def turn(source: str, target: str) -> None:
        with Path(source).open(encoding="utf-8") as others, pytest.raises(BlockingIOError):
            fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)
        turns.append(Path(source).rename(target))

    handler.rotator = turn
    for number in range(3):
        handler.emit(logging.makeLogRecord({"msg": f"line number {number}"}))
    handler.close()
    assert turns


def test_a_file_that_cannot_be_written_is_named_by_its_variable(start: Start, tmp_path: Path) -> None:
    settings = ServiceSettings(port=5999, service_url="/tea", log_file=tmp_path / "no" / "folder")
    with pytest.raises(InvalidSettingsError, match=r"TEA_LOG_FILE names .* cannot be written"):
        set_up_logs("tea", settings)


@pytest.mark.slow
def test_a_service_writes_all_its_lines_in_the_form_that_is_set(
    database_url: str, log: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"database_url": database_url, "log_format": "json", "log_file": str(log)}
    with running_service("simulator", tmp_path, **settings) as service:
        (worker,) = service.workers()
        requests.get(f"{service.address}/root/simulator", headers={"X-Request-ID": "abc"}, timeout=10)
        worker.kill()
        wait_until_alive(service)
    written = log.read_text(encoding="utf-8")
    assert service.log.read_text(encoding="utf-8") == written
    events = [json.loads(line) for line in written.splitlines()]
    assert {event["service"] for event in events} == {"simulator"}
    assert [event["path"] for event in events if event.get("request_id") == "abc"] == ["/root/simulator"]
    assert [event["message"] for event in events if event["logger"] == "_granian"] == [
        "Unexpected exit from worker-1"
    ]


TURNING = """
import logging, os, sys
from pathlib import Path
from fleet.logs import set_up_logs
from fleet.settings import ServiceSettings
settings = ServiceSettings(port=1, service_url="/tea", log_file=Path(sys.argv[1]), log_file_bytes=2000)
set_up_logs("tea", settings)
for number in range(200):
    logging.getLogger("tea").info("line %s %s", number, "x" * 40)
    if number % 10 == 0:
        os.write(2, b"not by logging\\n")
print("the last word", flush=True)
"""


def test_the_file_that_standard_error_goes_to_is_turned_while_it_is_written_to(tmp_path: Path) -> None:
    log = tmp_path / "tea.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-c", TURNING, str(log)], stdout=output, stderr=output, check=False, timeout=280
        )
    assert done.returncode == 0
    files = sorted(tmp_path.glob("tea.log*"))
    assert len(files) == 6
    assert max(file.stat().st_size for file in files) < 2500
    assert {file.stat().st_mode & 0o077 for file in files[:-1]} == {0}
    assert "the last word" in log.read_text(encoding="utf-8")
    assert log.read_text(encoding="utf-8").count("line 199 ") == 1
    told = "".join(file.read_text(encoding="utf-8") for file in files)
    assert told.count("not by logging") > 5
