"""A minute of load with models that change, and a worker that is killed under it."""

from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.endurance import endure, faults_of, kill_a_worker, stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GROWTH = 1.05


@pytest.mark.alone
def test_a_minute_of_load_with_changes_fails_nothing_and_stores_everything(
    database_url: str, tmp_path: Path
) -> None:
    # Other tests run beside this one: clients that never pause would hold them up.
    endured = endure(database_url, tmp_path, seconds=60, change_s=2, roll_back_s=10, pause_s=0.02)
    assert endured.failures == []
    assert endured.wrong == []
    assert len(endured.deployments) == 3
    assert endured.changes >= 20
    numbers = [number for number, _ in endured.answered]
    assert len(numbers) > 1000
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) - stored(database_url) == set()
    third = len(endured.memory) // 3
    assert max(endured.memory[-third:]) <= GROWTH * max(endured.memory[third : 2 * third])


@pytest.mark.alone
def test_a_killed_worker_takes_along_only_what_was_in_flight(database_url: str, tmp_path: Path) -> None:
    endured, killed = kill_a_worker(database_url, tmp_path, seconds=10)
    assert faults_of(endured, stored(database_url), killed) == [], Counter(endured.failures)
    assert max(moment for _, moment in endured.answered) > killed + 3
