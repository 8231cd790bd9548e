"""PostgreSQL goes away and comes back; the simulator lives on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.conftest import free_port
from tests.running import running_service

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, which it may stop."""
    server = EmbeddedPostgres(tmp_path / "postgres", free_port())
    server.start()
    migrate(ensure_database(server.url(), "dataset"))
    yield server
    server.stop()


def load(address: str) -> requests.Response:
    return requests.post(f"{address}/root/simulator", json={"set_name": "training"}, timeout=30)


def assert_unavailable(response: requests.Response) -> None:
    assert response.status_code == 503
    body = response.json()
    assert body["error"] == "The dataset database cannot be reached"
    assert "PostgreSQL" in body["message"]
    assert "127.0.0.1" not in response.text


def test_postgres_down_is_503_and_works_again_when_it_is_back(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with running_service("simulator", tmp_path, database_url=server.url("dataset")) as simulator:
        assert load(simulator.address).status_code == 200
        server.stop()
        for _ in range(12):  # more often than there are connections in the pool
            assert_unavailable(load(simulator.address))
        assert_unavailable(requests.get(f"{simulator.address}/root/simulator", timeout=30))
        assert_unavailable(requests.get(f"{simulator.address}/health/ready", timeout=30))
        assert requests.get(f"{simulator.address}/health/live", timeout=30).status_code == 200
        server.start()
        assert load(simulator.address).json() == {"message": "Load training set", "rows": 106}
        assert requests.get(f"{simulator.address}/health/ready", timeout=30).status_code == 200


def test_a_restart_of_postgres_between_two_requests_goes_unnoticed(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with running_service("simulator", tmp_path, database_url=server.url("dataset")) as simulator:
        assert load(simulator.address).status_code == 200
        server.stop()
        server.start()
        assert load(simulator.address).status_code == 200


def test_the_simulator_may_start_before_postgres(server: EmbeddedPostgres, tmp_path: Path) -> None:
    url = server.url("dataset")
    server.stop()
    with running_service("simulator", tmp_path, database_url=url) as simulator:
        assert_unavailable(requests.get(f"{simulator.address}/health/ready", timeout=30))
        assert_unavailable(load(simulator.address))
        server.start()
        assert load(simulator.address).json() == {"message": "Load training set", "rows": 106}
        sets = requests.get(f"{simulator.address}/root/simulator", timeout=30).json()["sets"]
        assert sets == {"training": 106, "testing": 0, "production": 0}


def test_the_simulator_may_start_before_the_migration(server: EmbeddedPostgres, tmp_path: Path) -> None:
    url = ensure_database(server.url(), "unmigrated")
    with running_service("simulator", tmp_path, database_url=url) as simulator:
        response = load(simulator.address)
        assert response.status_code == 503
        assert "db.migrate" in response.json()["message"]
        migrate(url)
        assert load(simulator.address).status_code == 200
