"""PostgreSQL goes away and comes back; monitoring lives on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.conftest import free_port
from tests.integration.monitoring.server import running_monitoring, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, which it may stop."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(server: EmbeddedPostgres) -> str:
    """In place of a database on the server that all tests share."""
    url = ensure_database(server.url(), "dataset")
    migrate(url)
    return url


def judge(address: str) -> requests.Response:
    return requests.post(f"{address}/root/monitoring", json={"metric": "summary"}, timeout=60)


def test_postgres_down_is_503_and_works_again_when_it_is_back(
    scored: int, database_url: str, server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with running_monitoring(database_url, tmp_path / "log") as address:
        wait_for(f"{address}/health/ready")
        assert judge(address).status_code == 200
        server.stop()
        down = judge(address)
        assert down.status_code == 503
        assert down.json()["error"] == "The dataset database cannot be reached"
        assert requests.get(f"{address}/health/ready", timeout=30).status_code == 503
        assert requests.get(f"{address}/health/live", timeout=5).status_code == 200
        server.start()
        assert judge(address).status_code == 200
