"""What people get wrong, or run out of, ends in one clear line; once it is right, all is well again."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from fleet.services import SERVICES
from tests.compose.stack import ComposeStack

pytestmark = pytest.mark.e2e

VOLUME_MEGABYTES = 160
FILLER = "/var/lib/postgresql/data/filler"


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def test_a_newer_schema_is_named_and_left_as_it_is(stack: ComposeStack) -> None:
    revision = stack.sql("SELECT version_num FROM alembic_version")
    stack.sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        failed = stack.launch("up")
        assert failed.returncode == 1, failed.stdout + failed.stderr
        assert len(lines_with(failed.stdout + failed.stderr, "newer than this version")) == 1
        assert "Traceback" not in failed.stdout + failed.stderr
        assert stack.sql("SELECT version_num FROM alembic_version") == "9999"
    finally:
        stack.compose("up", "-d", "--no-build", "--wait", "db")
        stack.sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608  # our own
    assert stack.launch("up").returncode == 0
    stack.wait_until_ready()


def test_an_older_schema_is_named_by_every_service(stack: ComposeStack) -> None:
    revision = stack.sql("SELECT version_num FROM alembic_version")
    stack.sql("UPDATE alembic_version SET version_num = '0000'")
    try:
        for service in SERVICES:
            if "DATABASE_URL" not in service.told:
                continue
            answer = requests.get(f"{stack.address(service.name)}/health/ready", timeout=10)
            if service.name == "fire_brigade":  # it predicts without its jobs
                assert answer.status_code == 200
                assert "schema 0000" in answer.json()["degraded"]["jobs"]
                continue
            assert answer.status_code == 503
            assert answer.json()["error"] == (
                f"The dataset database has schema 0000, and this version needs {revision}"
            )
            assert "db.migrate" in answer.json()["message"]
    finally:
        stack.sql(f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608  # our own
    stack.wait_until_ready()


def test_a_wrong_password_is_called_that(stack: ComposeStack) -> None:
    stack.sql("ALTER ROLE dataset PASSWORD 'another'")
    try:
        failed = stack.launch("down")
        assert failed.returncode == 0, failed.stdout + failed.stderr
        failed = stack.launch("up")
        assert failed.returncode == 1, failed.stdout + failed.stderr
        said = lines_with(failed.stdout + failed.stderr, "password authentication failed", '"dataset"')
        assert len(said) == 1, failed.stdout + failed.stderr
    finally:
        stack.compose("up", "-d", "--no-build", "--wait", "db")
        password = (stack.folder / "secrets" / "dataset_password").read_text(encoding="ascii").strip()
        stack.sql(f"ALTER ROLE dataset PASSWORD '{password}'")
    assert stack.launch("up").returncode == 0
    stack.wait_until_ready()


@pytest.fixture
def small(docker: None, tmp_path: Path, stack: ComposeStack) -> Iterator[ComposeStack]:
    """The simulator on a database whose volume is small. stack: has built the images."""
    small = ComposeStack(tmp_path / "small", project=f"mlfleet-test-{uuid.uuid4().hex[:8]}")
    small.make_secrets()
    labels = {"com.docker.compose.project": small.project, "com.docker.compose.volume": "db"}
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={VOLUME_MEGABYTES}m"}
    subprocess.run(
        [
            *("docker", "volume", "create"),
            *(f"--label={name}={value}" for name, value in labels.items()),
            *(f"--opt={name}={value}" for name, value in options.items()),
            f"{small.project}_db",
        ],
        check=True,
        capture_output=True,
        timeout=900,
    )
    try:
        small.compose("up", "-d", "--no-build", "--wait", "simulator")
        yield small
    finally:
        small.compose("down", "--volumes", "--timeout", "5")


def test_a_full_volume_is_called_that_and_loses_nothing(small: ComposeStack) -> None:
    assert small.post("simulator", set_name="testing").status_code == 200
    small.compose(
        *("exec", "-T", "--user", "postgres", "db", "sh", "-c"),
        f"cat /dev/zero > {FILLER} 2>/dev/null; test -s {FILLER}",
    )
    answers = [small.post("simulator", set_name="training") for _ in range(30)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused, "the volume was not full"
    for answer in refused:
        assert answer.status_code == 503, answer.text
        assert re.search("out of disk|cannot be reached", answer.json()["error"])
    assert any("out of disk" in answer.json()["error"] for answer in refused)
    small.compose("exec", "-T", "--user", "postgres", "db", "rm", FILLER)
    small.wait_until_ready("simulator")
    assert small.call("GET", "simulator").json()["sets"]["testing"] == 36
    assert small.post("simulator", set_name="training").json()["rows"] == 106
