"""Rows that were sent again are no more evidence: in a loop's reserve, its gate and its watch."""

import pytest

from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.distinct_rows import counts_once, different, new_to_both
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import WINE, Fleet, Rows
from tests.integration.monitoring.walking import BETTER, EQUAL, Walk

COLUMNS = ", ".join(WINE.definition.feature_names)
AGAIN = 1_000_000


@pytest.fixture
def walk(sessions: Sessions, fleet: Fleet) -> Walk:
    fleet.load_all("none")
    champion = fleet.set_model()
    fleet.activate(champion)
    found = Walk(sessions, champion)
    found.run("UPDATE wine.samples SET alcohol = alcohol + sample_index / 1e6 WHERE dataset_id = 3")
    return found


def send_again(walk: Walk, moved_by: float = 0.0, after: int = 0) -> None:
    """All simulated rows of production once more, with their truth."""
    columns = COLUMNS.replace("alcohol", f"alcohol + {moved_by}", 1)
    walk.run(
        f"WITH new AS (INSERT INTO wine.samples (dataset_id, sample_index, origin, {COLUMNS}) "  # noqa: S608
        f"SELECT 3, sample_index + {AGAIN + after}, 'live', {columns} FROM wine.samples "
        "WHERE dataset_id = 3 AND origin = 'simulated' RETURNING sample_index) "
        "INSERT INTO wine.targets (sample_index, target_index, class) "
        f"SELECT n.sample_index, n.sample_index, t.class FROM new n JOIN wine.targets t "
        f"ON t.sample_index = n.sample_index - {AGAIN + after}"
    )


def test_equal_rows_are_reserved_together(walk: Walk, rows: Rows) -> None:
    send_again(walk)
    walk.go_on(walk.begin())
    assert rows(
        f"SELECT count(*), count(DISTINCT sample_index % {AGAIN}) FROM decided_rows"  # noqa: S608
    ) == [(60, 30)]


def test_they_count_once_in_the_gate(walk: Walk) -> None:
    send_again(walk)
    gate = walk.go_on(walk.begin()).last("gate")
    assert gate is not None
    assert gate.figures["rows"] == 30


def test_what_equals_reserved_or_learned_rows_is_no_further_look(walk: Walk) -> None:
    walk.double.pairs = [EQUAL, BETTER]
    loop = walk.go_on(walk.begin())
    send_again(walk)
    assert walk.is_due(loop)
    loop = walk.go_on(loop)
    assert (loop.step, loop.current.look) == ("gate", 2)
    assert not walk.is_due(loop)
    send_again(walk, moved_by=0.01, after=AGAIN)
    assert walk.is_due(loop)
    loop = walk.go_on(loop)
    assert loop.step == "watch"
    gate = loop.last("gate")
    assert gate is not None
    assert gate.figures["rows"] == 30 + 36


def test_they_count_once_in_the_watch(walk: Walk) -> None:
    loop = walk.go_on(walk.begin())
    walk.run("UPDATE loops SET policy = jsonb_set(policy, '{watch_rows}', '60')")
    walk.double.pairs = [EQUAL]
    for times in (1, 2):
        send_again(walk, moved_by=0.01, after=times * AGAIN)
    loop = walk.go_on(loop)
    assert (loop.outcome, loop.current.look) == (None, 2)
    assert not walk.is_due(loop)
    send_again(walk, moved_by=0.02, after=3 * AGAIN)
    while walk.is_due(loop):
        loop = walk.go_on(loop)
        if loop.ended_at is not None:
            break
    watch = loop.last("watch")
    assert watch is not None
    assert (loop.outcome, watch.figures["rows"]) == ("kept", 60)


def test_with_a_truth_of_their_own_they_are_different(walk: Walk) -> None:
    send_again(walk)
    walk.run(f"UPDATE wine.targets SET class = (class + 1) % 3 WHERE sample_index >= {AGAIN}")  # noqa: S608
    with MonitoringUnitOfWork(walk.sessions) as work:
        numbers = work.labelled.newest_undecided(WINE.definition, 100)
        assert len(different(work, WINE.definition, numbers)) == len(numbers) == 72


def test_where_equal_rows_are_usual_all_count(walk: Walk, rows: Rows) -> None:
    walk.run(f"UPDATE wine.samples SET ({COLUMNS}) = ROW({', '.join('1' for _ in COLUMNS.split(','))})")  # noqa: S608
    with MonitoringUnitOfWork(walk.sessions) as work:
        assert not counts_once(work, WINE.definition)
    loop = walk.go_on(walk.begin())
    assert rows("SELECT count(*) FROM decided_rows") == [(30,)]
    with MonitoringUnitOfWork(walk.sessions) as work:
        reserved = work.labelled.reserved(loop.id)
        assert len(new_to_both(work, WINE.definition, loop, reserved)) == 30
