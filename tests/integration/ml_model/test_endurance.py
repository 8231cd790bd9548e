"""Load with models that change, and a worker that is killed under it; tests.benchmarks.endurance has more."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from db.embedded import EmbeddedPostgres
from tests.benchmarks.endurance import Said, endure, faults_of, kill_a_worker, prepared, stored
from tests.conftest import fresh_database
from tests.running import RunningService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GROWTH = 1.05
STORING_S = 5.0  # a busy machine's


@dataclass(frozen=True)
class Prepared:
    """See tests.benchmarks.endurance."""

    url: str
    service: RunningService
    said: dict[int, Said]

    def stored(self, numbers: set[int]) -> set[int]:
        """What is stored as soon as all of these are, or have had the time."""
        deadline = time.monotonic() + STORING_S
        there = stored(self.url)
        while numbers - there and time.monotonic() < deadline:
            time.sleep(0.2)
            there = stored(self.url)
        return there


@pytest.fixture(scope="module")
def ml_model(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    """Two workers and three deployments, for both tests: to make them takes longer than the load."""
    folder = tmp_path_factory.mktemp("endurance")
    with fresh_database(postgres, template) as url, prepared(url, folder) as (service, said):
        yield Prepared(url, service, said)


def test_load_with_changes_and_rollbacks_fails_nothing_and_stores_everything(ml_model: Prepared) -> None:
    # Other tests run beside this one: clients that never pause would hold them up.
    endured = endure(ml_model.service, ml_model.said, seconds=20, change_s=0.5, roll_back_s=4, pause_s=0.02)
    assert endured.failures == []
    assert endured.wrong == []
    assert len(endured.deployments) == 3
    assert endured.changes >= 10
    numbers = [number for number, _ in endured.answered]
    assert len(numbers) > 300
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) - ml_model.stored(set(numbers)) == set()
    third = len(endured.memory) // 3
    assert max(endured.memory[-third:]) <= GROWTH * max(endured.memory[third : 2 * third])


def test_a_killed_worker_takes_along_only_what_was_in_flight(ml_model: Prepared) -> None:
    endured, killed = kill_a_worker(ml_model.service, ml_model.said, seconds=10)
    there = ml_model.stored({number for number, _ in endured.answered})
    assert faults_of(endured, there, killed) == []
    assert max(moment for _, moment in endured.answered) > killed + 3
