import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import make_url

from db.embedded import EmbeddedPostgres, LostPasswordError, PostgresCommandError, ensure_database
from tests.conftest import free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(tmp_path_factory.mktemp("with a space") / "postgres", free_port())
    yield made
    made.stop()


@pytest.fixture
def running(server: EmbeddedPostgres) -> EmbeddedPostgres:
    server.start()
    return server


def value(url: str, query: str) -> object:
    connection = psycopg2.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
            return row[0] if row else None
    finally:
        connection.close()


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def test_it_answers_on_its_port(running: EmbeddedPostgres) -> None:
    assert value(running.url(), "SHOW port") == str(running.port)


def test_it_writes_durably_in_utf8(running: EmbeddedPostgres) -> None:
    shown = [
        value(running.url(), f"SHOW {name}") for name in ("fsync", "synchronous_commit", "server_encoding")
    ]

    assert shown == ["on", "on", "UTF8"]


def test_nobody_gets_in_without_the_password(running: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(
            host="127.0.0.1", port=running.port, user="mlfleet", dbname="postgres", password="guess"
        )


def test_the_password_is_for_its_owner_only(running: EmbeddedPostgres) -> None:
    assert stat.S_IMODE((running.folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(running.folder.stat().st_mode) == 0o700


def test_starting_it_again_changes_nothing(running: EmbeddedPostgres) -> None:
    before = postmaster(running)

    running.start()

    assert postmaster(running) == before


def test_it_comes_back_after_a_crash_with_what_was_committed(running: EmbeddedPostgres) -> None:
    ensure_database(running.url(), "kept")
    server = psutil.Process(postmaster(running))
    server.kill()
    server.wait(10)

    running.start()

    assert value(running.url("kept"), "SELECT current_database()") == "kept"


def test_a_lock_file_with_the_number_of_another_program_does_not_stop_it(running: EmbeddedPostgres) -> None:
    running.stop()
    (running.data / "postmaster.pid").write_text(
        f"{os.getppid()}\n{running.data}\n0\n{running.port}\n\n127.0.0.1\n"
    )

    assert not running.is_running()
    running.start()
    assert running.is_running()


@pytest.mark.parametrize("damage", [b"", b"\xff\x00\xfe", b"rubbish\n", b"-17\n", b"99999999999999999999\n"])
def test_a_damaged_lock_file_neither_hides_the_server_nor_stops_the_next_one(
    running: EmbeddedPostgres, damage: bytes
) -> None:
    lock_file = running.data / "postmaster.pid"
    server = psutil.Process(postmaster(running))
    lock_file.write_bytes(damage)

    assert running.is_running()
    assert running.running_port() == running.port
    running.stop()
    assert not server.is_running()
    lock_file.write_bytes(damage)
    running.start()
    assert value(running.url(), "SHOW port") == str(running.port)


@pytest.mark.parametrize("damage", [b"", b"\n", b"\xff\xfe"])
def test_a_password_that_was_lost_is_told(running: EmbeddedPostgres, damage: bytes) -> None:
    file = running.folder / "password"
    password = file.read_bytes()
    file.write_bytes(damage)
    try:
        with pytest.raises(LostPasswordError, match="no longer holds"):
            running.url()
    finally:
        file.write_bytes(password)


def test_stopping_it_twice_is_no_error(running: EmbeddedPostgres) -> None:
    running.stop()
    running.stop()

    assert not running.is_running()


def test_another_port_is_taken_up_by_the_next_start(running: EmbeddedPostgres) -> None:
    moved = EmbeddedPostgres(running.folder, free_port())

    moved.start()

    assert moved.running_port() == moved.port
    assert value(moved.url(), "SHOW port") == str(moved.port)


def test_a_start_that_fails_says_why(tmp_path: Path, running: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(tmp_path / "postgres", running.port)

    with pytest.raises(PostgresCommandError) as caught:
        second.start()

    assert "Address already in use" in caught.value.message


def test_a_database_is_made_once_whatever_its_name(running: EmbeddedPostgres) -> None:
    name = 'it"s; DROP'

    urls = {ensure_database(running.url(), name) for _ in range(2)}

    assert value(urls.pop(), "SELECT current_database()") == name
    assert urls == set()
