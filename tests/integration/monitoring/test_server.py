"""Monitoring as a process of its own, as it runs in earnest."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.integration.monitoring.conftest import Rows
from tests.integration.monitoring.server import running_monitoring, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def address(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Where a process answers that is alive, but need not be ready yet."""
    with running_monitoring(database_url, tmp_path / "log") as address:
        yield address


@pytest.mark.alone
def test_once_ready_a_summary_takes_less_than_a_second(address: str, scored: int) -> None:
    wait_for(f"{address}/health/ready")
    start = time.perf_counter()
    response = requests.post(f"{address}/root/monitoring", data={"metric": "summary"}, timeout=30)
    assert time.perf_counter() - start < 1
    assert response.json()["message"]["total_tests"] == 137


def test_a_request_during_the_warm_up_waits_and_is_answered(address: str, scored: int) -> None:
    response = requests.post(f"{address}/root/monitoring", json={"metric": "summary"}, timeout=60)
    assert response.status_code == 200


def test_six_requests_at_once_are_all_answered_and_kept(address: str, scored: int, rows: Rows) -> None:
    def ask(_: int) -> tuple[int, dict[str, object]]:
        response = requests.post(f"{address}/root/monitoring", json={"metric": "summary"}, timeout=60)
        return response.json()["result_id"], response.json()["message"]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert sorted(result_id for result_id, _ in answers) == [
        result_id for (result_id,) in rows("SELECT id FROM monitoring_results ORDER BY id")
    ]
    assert all(message == answers[0][1] for _, message in answers)
