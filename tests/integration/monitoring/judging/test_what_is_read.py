"""A verdict reads its window and what it is held against, whatever else there is."""

import pytest
from sqlalchemy import text

from db.sets import RowRange
from db.snapshots import SnapshotRepository
from db.use_cases import find_use_case
from monitoring.persistence.model.window import LastRows
from monitoring.persistence.repository.scored_deployments import ScoredDeployments
from monitoring.persistence.repository.windows import WindowRepository
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.judging.judging import Asked
from tests.conftest import Sessions
from tests.integration.monitoring.judging.test_judging import (  # noqa: F401  # fixtures
    CALLER,
    Judge,
    execute,
    judge,
)
from tests.integration.monitoring.test_live_rows import (  # noqa: F401  # fixtures
    NAME,
    Answer,
    answer,
    made_up,
    serving,
)

COPIES = f"""
    INSERT INTO {NAME}.samples (dataset_id, sample_index, c, x0, x1, x2)
    SELECT 3, 500000000 + number, 'a', random(), random(), random() FROM generate_series(1, 200000) AS number;
    INSERT INTO {NAME}.targets (sample_index, target_index, class)
    SELECT sample_index, sample_index, 1 FROM {NAME}.samples WHERE sample_index > 500000000;
    INSERT INTO {NAME}.predictions (sample_index, prediction_index, class, deployment_id)
    SELECT sample_index, sample_index, 1, 1 FROM {NAME}.samples WHERE sample_index > 500000000;
    ANALYZE {NAME}.samples, {NAME}.targets, {NAME}.predictions;
"""  # noqa: S608  # constants
OLDER = f"""
    INSERT INTO {NAME}.samples (dataset_id, sample_index, c, x0, x1, x2)
    SELECT 2, 1000000 + number, 'a', random(), random(), random() FROM generate_series(1, {{rows}}) AS number
"""  # noqa: S608  # constants
READ = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"


def test_of_200_000_rows_of_production_only_the_window_and_those_pooled_with_it_are_read(
    answer: Answer,  # noqa: F811
    judge: Judge,  # noqa: F811
    sessions: Sessions,
) -> None:
    execute(sessions, COPIES)
    for count in (1000, 1001, 1002):
        answer(made_up(count))
        judge(window=LastRows(count))
    with MonitoringUnitOfWork(sessions) as work:
        use_case = find_use_case(work.session, NAME)
        before = work.session.scalars(text(READ)).one()
        verdict = judge.judging.judge(work, use_case, Asked(window=LastRows(1000)), caller=CALLER)
        read = work.session.scalars(text(READ)).one() - before
    assert verdict.rows == 1000
    assert len(verdict.figures["pooled_with"]) == 2
    assert 0 < read < 20_000  # window and pooled ones from three tables, and looks at the reference's state


def test_of_rows_between_those_that_a_deployment_learned_from_nothing_is_read(
    answer: Answer,  # noqa: F811
    judge: Judge,  # noqa: F811
    sessions: Sessions,
) -> None:
    execute(sessions, COPIES)
    sparse = "SELECT sample_index FROM {0}.samples WHERE sample_index > 500000000 AND sample_index % 50 = 0"
    execute(
        sessions,
        f"DELETE FROM {NAME}.targets WHERE sample_index > 500000000"  # noqa: S608
        f" AND sample_index NOT IN ({sparse.format(NAME)})",
    )
    answer(made_up(100))
    with sessions() as session:
        snapshots = SnapshotRepository(session)
        lesson = snapshots.take(find_use_case(session, NAME), snapshots.now(), actor="a")
        session.execute(text("DELETE FROM deployment_references"))  # they are of other rows
        session.execute(text("UPDATE deployments SET snapshot_id = :id"), {"id": lesson.snapshot.id})
        session.commit()
    assert lesson.snapshot.rows > 4000
    with MonitoringUnitOfWork(sessions) as work:
        use_case = find_use_case(work.session, NAME)
        before = work.session.scalars(text(READ)).one()
        verdict = judge.judging.judge(work, use_case, Asked(window=LastRows(100)), caller=CALLER)
        read = work.session.scalars(text(READ)).one() - before
    assert verdict.reference["rows"] > 4000, verdict.reference
    assert "note" not in verdict.reference or "not what they were" not in verdict.reference["note"]
    assert 0 < read < 60_000


def test_reference_figures_are_stored_as_they_are(sessions: Sessions) -> None:
    query = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'reference_figures'::regclass"
    with sessions() as session:
        assert session.scalar(text(f"{query} AND attname = 'figures'")) == "e"


@pytest.mark.parametrize("rows", [200_000, 800_000])  # by their share PostgreSQL chooses an index
def test_the_ends_of_a_set_are_found_without_going_through_the_others(
    rows: int,
    answer: Answer,  # noqa: F811
    sessions: Sessions,
) -> None:
    execute(sessions, OLDER.format(rows=rows))
    execute(sessions, COPIES)
    answer(made_up(100))
    with MonitoringUnitOfWork(sessions) as work:
        use_case = find_use_case(work.session, NAME)
        before = work.session.scalars(text(READ)).one()
        assert ScoredDeployments(work.session).newest(use_case, [RowRange("testing")]) == 1
        assert WindowRepository(work.session).has_rows(use_case, "production")
        read = work.session.scalars(text(READ)).one() - before
    assert 0 < read < 5_000
