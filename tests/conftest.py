"""A real PostgreSQL for the whole run, and a fresh, migrated `dataset` database for each test that asks."""

import logging
import os
import secrets
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

import psutil
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.turns import turn

Sessions = Callable[[], Session]
SHARED = {"architecture", "compose", "e2e"}  # folders with fixtures of all their files
ALONE = "alone"
MEMORY = Path("/dev/shm")  # noqa: S108  # of Linux
PREFIX = "mlfleet-tests-postgres-"
ROOM_BYTES = 4 * 2**30
# Below those that the kernel gives to whoever connects: it may take a container a minute to bind its own.
PORTS = range(16_000, 32_000)


class KeepingStacksTogether(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """Of processes side by side, one runs a whole file, or a whole such folder: its tests share fixtures.

    One runs what is marked `alone`, at the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope = str(super()._split_scope(nodeid))
        if scope == ALONE:
            return scope
        file = nodeid.partition("::")[0]
        folder = PurePath(file).parent.name
        return folder if folder in SHARED else file


@pytest.hookimpl(optionalhook=True)  # where xdist is not in use
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> KeepingStacksTogether:
    return KeepingStacksTogether(config, log)


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that measure time come last."""
    items.sort(key=_is_alone)
    if config.pluginmanager.has_plugin("xdist"):
        for item in filter(_is_alone, items):
            item.add_marker(pytest.mark.xdist_group(ALONE))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # waiting counts for no timeout
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What is marked `alone` waits until nothing runs beside it, and nothing does until it has ended."""
    side_by_side = hasattr(item.config, "workerinput")
    folder = Path(item.config.option.basetemp).parent if side_by_side else None
    with turn(folder, alone=_is_alone(item)):
        return (yield)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker(ALONE) is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how long other people's clients took, apart from the other tests (tests/clients)."""
    for report in terminalreporter.getreports("passed"):
        told = dict(report.user_properties)
        if report.when == "call" and "client" in told:
            terminalreporter.write_line(
                f"client {told['client']}: installed in {told['seconds_to_install']} s, "
                f"called in {told['seconds_to_call']} s"
            )


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(autouse=True)
def _python_warnings_go_where_they_did() -> Iterator[None]:
    """Services have Python's warnings written to their logs, for a whole process: here, that of the tests."""
    yield
    logging.captureWarnings(capture=False)
    logger = logging.getLogger("py.warnings")
    logger.handlers.clear()
    logger.propagate = True


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The embedded server, on a free port."""
    with _roomy_memory() as memory:
        server = EmbeddedPostgres(memory or tmp_path_factory.mktemp("postgres"), free_port())
        server.start()
        _forgo_durability(server.url())
        yield server
        server.stop()


@contextmanager
def _roomy_memory() -> Iterator[Path | None]:
    """A folder in memory, where there is room enough: the databases of a whole run are 20 GB of writing."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        yield None
        return
    for left in MEMORY.glob(f"{PREFIX}*"):  # by a run that was killed
        if not psutil.pid_exists(int(left.name.removeprefix(PREFIX))):
            shutil.rmtree(left)
    folder = MEMORY / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def _forgo_durability(url: str) -> None:
    """Tests make hundreds of databases, and none has to survive the machine's crash."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """Name of a migrated database that others are copied from: quicker than migrating each."""
    migrate(ensure_database(postgres.url(), "template_dataset"))
    return "template_dataset"


@contextmanager
def fresh_database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """SQLAlchemy URL of a migrated database, until the block ends."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        connection.execute(text(f"ALTER DATABASE {name} SET search_path TO wine, public"))
        yield postgres.url(name)
        _drop(connection, name)
    engine.dispose()


def _drop(connection: Connection, name: str) -> None:
    """WITH (FORCE) alone waits for a tenth of a second where anything is connected, which it mostly is."""
    others = f"FROM pg_stat_activity WHERE datname = '{name}'"
    connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
    deadline = time.monotonic() + 0.1
    while connection.scalar(text(f"SELECT count(*) {others}")) and time.monotonic() < deadline:
        time.sleep(0.002)
    connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """SQLAlchemy URL of a migrated database of the test's own."""
    with fresh_database(postgres, template) as url:
        yield url


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    """Opens sessions on the test's database."""
    engine = create_engine(database_url)
    yield sessionmaker(engine)
    engine.dispose()
