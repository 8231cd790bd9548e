"""The simulator as a process, over real HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.simulator.conftest import Rows
from tests.running import running_service


@pytest.fixture
def address(database_url: str, tmp_path: Path) -> Iterator[str]:
    with running_service("simulator", tmp_path, database_url=database_url) as running:
        yield running.address


def test_it_serves_and_loads(address: str) -> None:
    assert requests.get(f"{address}/health/ready", timeout=10).json()["status"] == "ready"
    response = requests.post(f"{address}/root/simulator", data={"set_name": "training"}, timeout=10)
    assert (response.status_code, response.json()) == (200, {"message": "Load training set", "rows": 106})
    assert requests.get(f"{address}/root/simulator", timeout=10).json()["sets"]["training"] == 106


def test_six_loads_of_one_set_at_once_leave_one(address: str, rows: Rows) -> None:
    def load(_: int) -> requests.Response:
        return requests.post(f"{address}/root/simulator", json={"set_name": "training"}, timeout=60)

    with ThreadPoolExecutor(6) as pool:
        for round_number in range(3):
            answers = list(pool.map(load, range(6)))
            assert [answer.json() for answer in answers] == [
                {"message": "Load training set", "rows": 106}
            ] * 6, round_number
            assert rows(
                "SELECT (SELECT count(*) FROM wine.samples), (SELECT count(*) FROM wine.targets),"
                " (SELECT count(*) FROM wine.samples JOIN wine.targets USING (sample_index))"
            ) == [(106, 106, 106)]


def test_loads_of_all_sets_at_once_do_not_disturb_each_other(address: str) -> None:
    names = ["training", "testing", "production", "dataset"] * 3

    def load(set_name: str) -> int:
        body = {"set_name": set_name}
        return requests.post(f"{address}/root/simulator", json=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(load, names)) == {200}
    sets = requests.get(f"{address}/root/simulator", timeout=10).json()["sets"]
    assert sets == {"training": 106, "testing": 36, "production": 36}


def test_errors_are_rendered_outside_of_tests_too(address: str) -> None:
    response = requests.post(f"{address}/root/simulator", json={"set_name": "validation"}, timeout=10)
    assert response.status_code == 400
    assert set(response.json()) == {"code", "error", "message", "request_id"}
    deep = b"[" * 10_000 + b"]" * 10_000
    response = requests.post(
        f"{address}/root/simulator", data=deep, headers={"Content-Type": "application/json"}, timeout=10
    )
    assert response.status_code == 400
    assert requests.get(f"{address}/health/live", timeout=10).status_code == 200


def test_too_large_a_body_is_413_and_the_service_works_on(address: str) -> None:
    body = {"set_name": "x" * 17_000_000}
    assert requests.post(f"{address}/root/simulator", json=body, timeout=30).status_code == 413
    assert requests.get(f"{address}/root/simulator", timeout=10).status_code == 200


def test_a_chunked_body_without_a_length_is_taken(address: str) -> None:
    response = requests.post(
        f"{address}/root/simulator",
        data=iter([b'{"set_name":', b' "testing"}']),
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert response.json() == {"message": "Load testing set", "rows": 36}
