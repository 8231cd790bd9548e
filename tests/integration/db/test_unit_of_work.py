"""The transaction of a service, on connections that break."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from db.copying import copy_in, copy_out
from db.embedded import EmbeddedPostgres
from db.tables import UseCaseTables
from db.unit_of_work import DatabaseUnavailableError, SimultaneousChangeError, TableMissingError, UnitOfWork
from fleet.errors import OutOfTimeError
from tests.conftest import Sessions, free_port
from tests.integration.db.conftest import store_samples


def backend(session: Session) -> int:
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def terminate(sessions: Sessions, pid: int) -> None:
    with sessions() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


Step = Callable[[UnitOfWork], object]


def run(sessions: Sessions, *steps: Step) -> None:
    """Take these steps in one unit of work."""
    with UnitOfWork(sessions) as work:
        for step in steps:
            step(work)


def sql(statement: str) -> Step:
    return lambda work: work.session.execute(text(statement))


def add_name(tables: UseCaseTables) -> Step:
    return lambda work: work.session.execute(tables.datasets.insert().values(dataset_id=4, name="more"))


def lose(sessions: Sessions) -> Step:
    """PostgreSQL ends the connection of the unit of work."""
    return lambda work: terminate(sessions, backend(work.session))


def names(sessions: Sessions, tables: UseCaseTables) -> int:
    with sessions() as session:
        return int(session.execute(select(func.count()).select_from(tables.datasets)).scalar_one())


def test_it_rolls_back_unless_told_to_commit(sessions: Sessions, tables: UseCaseTables) -> None:
    with UnitOfWork(sessions) as work:
        work.session.execute(tables.datasets.insert().values(dataset_id=4, name="more"))
    assert names(sessions, tables) == 3


def test_it_keeps_what_it_was_told_to_commit(sessions: Sessions, tables: UseCaseTables) -> None:
    with UnitOfWork(sessions) as work:
        work.session.execute(tables.datasets.insert().values(dataset_id=4, name="more"))
        work.commit()
        work.session.execute(tables.datasets.insert().values(dataset_id=5, name="too late"))
    assert names(sessions, tables) == 4


def test_it_rolls_back_on_an_error_and_passes_it_on(sessions: Sessions, tables: UseCaseTables) -> None:
    with pytest.raises(ZeroDivisionError):
        run(sessions, add_name(tables), lambda _: 1 / 0)
    assert names(sessions, tables) == 3


def test_an_error_of_the_statement_is_no_lost_connection(sessions: Sessions, tables: UseCaseTables) -> None:
    with pytest.raises(IntegrityError):
        run(sessions, add_name(tables), add_name(tables))
    with pytest.raises(ProgrammingError):
        run(sessions, sql("SELECT no_such_column"))


def test_a_connection_that_is_lost_in_a_transaction_is_503(sessions: Sessions, tables: UseCaseTables) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        run(sessions, add_name(tables), lose(sessions), sql("SELECT 1"))
    assert caught.value.status == 503
    assert names(sessions, tables) == 3


def test_a_connection_that_is_lost_before_the_commit_is_503(
    sessions: Sessions, tables: UseCaseTables
) -> None:
    with pytest.raises(DatabaseUnavailableError):
        run(sessions, add_name(tables), lose(sessions), UnitOfWork.commit)
    assert names(sessions, tables) == 3


def test_a_connection_that_is_lost_before_the_rollback_is_no_error(
    sessions: Sessions, tables: UseCaseTables
) -> None:
    run(sessions, add_name(tables), lose(sessions))
    assert names(sessions, tables) == 3


def test_a_connection_that_is_lost_during_copy_in_is_503(sessions: Sessions, tables: UseCaseTables) -> None:
    def blocks(work: UnitOfWork) -> Iterator[Mapping[str, Any]]:
        pid = backend(work.session)
        for start in range(0, 400_000, 50_000):
            index = np.arange(start, start + 50_000)
            yield {"dataset_id": np.full(len(index), 1), "sample_index": index}
            if start == 50_000:
                terminate(sessions, pid)

    with pytest.raises(DatabaseUnavailableError):
        run(sessions, lambda work: copy_in(work.session, tables.samples, blocks(work)))
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(tables.samples)) == 0


def test_a_connection_that_is_lost_before_copy_out_is_503(sessions: Sessions, tables: UseCaseTables) -> None:
    query, dtype = select(tables.datasets.c.dataset_id), np.dtype([("dataset_id", "i4")])
    with pytest.raises(DatabaseUnavailableError):
        run(sessions, lose(sessions), lambda work: copy_out(work.session, query, dtype))


def test_the_pool_recovers_after_every_connection_was_lost(database_url: str, sessions: Sessions) -> None:
    engine = create_engine(database_url, poolclass=QueuePool, pool_size=2, max_overflow=0, pool_timeout=0.1)
    pooled = sessionmaker(engine)
    for _ in range(5):
        with pytest.raises(DatabaseUnavailableError):
            run(pooled, lose(sessions), sql("SELECT 1"))
        run(pooled, sql("SELECT 1"))
    engine.dispose()


def test_a_refused_connection_is_503() -> None:
    engine = create_engine(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/nothing")
    with pytest.raises(DatabaseUnavailableError):
        run(sessionmaker(engine), sql("SELECT 1"))
    engine.dispose()


def test_a_database_that_does_not_exist_is_503(postgres: EmbeddedPostgres) -> None:
    engine = create_engine(postgres.url("nothing"))
    with pytest.raises(DatabaseUnavailableError):
        run(sessionmaker(engine), sql("SELECT 1"))
    engine.dispose()


def test_an_exhausted_pool_is_503(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    sessions = sessionmaker(engine)
    with UnitOfWork(sessions) as first:
        first.session.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailableError):
            run(sessions, sql("SELECT 1"))
    engine.dispose()


def test_a_lock_that_is_not_given_in_time_is_409(sessions: Sessions, tables: UseCaseTables) -> None:
    with sessions() as other:
        other.execute(select(tables.datasets).with_for_update())
        with pytest.raises(SimultaneousChangeError) as caught:
            run(sessions, sql("SET LOCAL lock_timeout = '10ms'"), sql("DELETE FROM tea.datasets"))
    assert caught.value.status == 409


def test_a_statement_that_is_cancelled_is_no_lost_connection(sessions: Sessions) -> None:
    with pytest.raises(OutOfTimeError) as caught:
        run(sessions, sql("SET LOCAL statement_timeout = '10ms'"), sql("SELECT pg_sleep(5)"))
    assert caught.value.status == 504


def test_a_schema_that_was_dropped_is_503_of_copy_too(sessions: Sessions, tables: UseCaseTables) -> None:
    with pytest.raises(TableMissingError):
        run(
            sessions, sql("DROP SCHEMA tea CASCADE"), lambda work: store_samples(work.session, tables, 1, [1])
        )


def test_a_missing_table_is_503_that_says_how_to_make_it(sessions: Sessions) -> None:
    with pytest.raises(TableMissingError) as caught:
        run(sessions, sql("SELECT * FROM nothing"))
    assert caught.value.status == 503
    assert "db.migrate" in caught.value.message
    assert "nothing" not in caught.value.error
