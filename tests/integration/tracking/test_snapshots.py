"""Searches on the rows of a snapshot."""

from collections.abc import Callable

import pytest
from mlflow import MlflowClient
from sqlalchemy import text

from db.snapshots import SnapshotRepository
from db.use_cases import find_use_case
from simulator.service.simulator import SimulatorService
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.tracking.conftest import Optimise

Searched = Callable[..., tuple[str, str]]


def take(sessions: Sessions, *, production: bool) -> str:
    """The id of a snapshot, as a run names it."""
    with sessions() as session:
        snapshots = SnapshotRepository(session)
        until = snapshots.now() if production else None
        snapshot = snapshots.take(find_use_case(session, "wine"), until, actor="alice").snapshot
        session.commit()
    return str(snapshot.id)


@pytest.fixture
def searched(optimise: Optimise, mlflow_client: MlflowClient) -> Searched:
    """Searches as told; the snapshot that the run names, and how many rows it says."""

    def search(**fields: object) -> tuple[str, str]:
        answer = optimise(**fields)
        assert answer.status_code == 201, answer.get_json()
        run = mlflow_client.get_run(answer.get_json()["data"]["run_ids"]["LogisticRegression"])
        return run.data.tags["snapshot_id"], run.data.params["data_samples"]

    return search


def test_a_search_names_what_it_was_made_on(
    searched: Searched, sessions: Sessions, simulator: SimulatorService
) -> None:
    simulator.load("production", "wine", caller=ALICE)
    both = take(sessions, production=True)

    assert searched(snapshot_id=int(both)) == (both, "142")
    assert searched() == (take(sessions, production=False), "106")


def test_a_snapshot_that_is_none_or_has_changed_is_refused(
    optimise: Optimise, sessions: Sessions, simulator: SimulatorService
) -> None:
    simulator.load("production", "wine", caller=ALICE)
    both = take(sessions, production=True)
    with sessions() as session:  # a truth that was wrong
        session.execute(text('UPDATE wine.targets SET "class" = ("class" + 1) % 3'))
        session.commit()

    answers = [optimise(snapshot_id=each) for each in (both, 99, "many")]

    assert [answer.status_code for answer in answers] == [409, 404, 400]
    codes = [answer.get_json()["code"] for answer in answers]
    assert codes == ["snapshot_changed", "unknown_snapshot", "validation_failed"]
