"""Predictions refer to samples and deployments that there are, and go with them, as by foreign keys."""

from collections.abc import Iterator
from threading import Thread

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from db.definition import Feature, Task, UseCase
from db.integrity import telling_of_kept_samples
from db.migrate import alembic_config, migrate
from db.sets import lock_set
from db.use_cases import DATASETS, register_use_case

CLOUDS = UseCase(name="clouds", task=Task.CLASSIFICATION, target="kind", features=(Feature(name="height"),))
TELL = (
    'INSERT INTO clouds.predictions (sample_index, prediction_index, "class", deployment_id) '
    "VALUES (:sample, :sample, 1, :deployment)"
)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Two samples of testing, one of production, and two deployments; each statement is committed."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with Session(create_engine(database_url)) as session:
        tables = register_use_case(session, CLOUDS)
        names = [{"dataset_id": number, "name": name} for name, number in DATASETS.items()]
        session.execute(tables.datasets.insert(), names)
        rows = [{"dataset_id": 2 + number // 2, "sample_index": number} for number in range(3)]
        session.execute(tables.samples.insert(), rows)
        session.execute(
            text(
                "INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing) "
                "SELECT 'clouds', 'SVC', '{}', 'none' FROM generate_series(1, 2)"
            )
        )
        session.commit()
        session.get_bind().dispose()  # type: ignore[union-attr]  # an engine
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def tell(connection: Connection, sample: int, deployment: int = 1) -> None:
    connection.execute(text(TELL), {"sample": sample, "deployment": deployment})


def told(connection: Connection) -> list[tuple[int, int]]:
    query = text("SELECT sample_index, deployment_id FROM clouds.predictions ORDER BY 1, 2")
    return [(row[0], row[1]) for row in connection.execute(query)]


def keys(connection: Connection) -> set[str]:
    query = text(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'clouds.predictions'::regclass AND contype = 'f'"
    )
    return set(connection.scalars(query))


@pytest.mark.parametrize(("sample", "deployment", "word"), [(9, 1, "sample 9"), (0, 9, "deployment 9")])
def test_a_prediction_of_what_there_is_not_is_refused(
    connection: Connection, sample: int, deployment: int, word: str
) -> None:
    with pytest.raises(IntegrityError, match=word):
        tell(connection, sample, deployment)
    assert told(connection) == []
    tell(connection, 0)
    with pytest.raises(IntegrityError, match="sample 9"):
        connection.execute(text("UPDATE clouds.predictions SET sample_index = 9"))


def test_predictions_go_with_their_samples_and_deployments(connection: Connection) -> None:
    for sample, deployment in ((0, 1), (1, 1), (2, 1), (2, 2)):
        tell(connection, sample, deployment)
    connection.execute(text("DELETE FROM clouds.samples WHERE sample_index = 0"))
    assert told(connection) == [(1, 1), (2, 1), (2, 2)]
    connection.execute(text("DELETE FROM public.deployments WHERE id = 1"))
    assert told(connection) == [(2, 2)]
    connection.execute(text("TRUNCATE clouds.samples CASCADE"))
    assert told(connection) == []


def test_a_predicted_sample_keeps_its_number(connection: Connection) -> None:
    tell(connection, 0)
    with pytest.raises(IntegrityError, match="has predictions"):
        connection.execute(text("UPDATE clouds.samples SET sample_index = 7 WHERE sample_index = 0"))
    connection.execute(text("UPDATE clouds.samples SET sample_index = 7 WHERE sample_index = 1"))


@pytest.mark.parametrize("deletes_first", [True, False])
@pytest.mark.parametrize("of", ["clouds.samples WHERE sample_index = 0", "public.deployments WHERE id = 1"])
def test_who_predicts_and_who_deletes_at_once_leave_no_orphan(
    connection: Connection, database_url: str, of: str, *, deletes_first: bool
) -> None:
    engine = create_engine(database_url)
    refused: list[Exception] = []
    first, second = engine.connect(), engine.connect()

    def delete(by: Connection) -> None:
        by.execute(text(f"DELETE FROM {of}"))  # noqa: S608

    def run_second() -> None:
        try:
            tell(second, 0) if deletes_first else delete(second)
            second.commit()
        except IntegrityError as error:
            refused.append(error)

    delete(first) if deletes_first else tell(first, 0)
    thread = Thread(target=run_second)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive(), "it did not wait"
    first.commit()
    thread.join(10)
    assert bool(refused) == deletes_first
    assert told(connection) == []
    for each in (first, second):
        each.close()
    engine.dispose()


def test_tables_of_an_older_version_are_changed_with_their_rows(
    connection: Connection, database_url: str
) -> None:
    tell(connection, 0)
    config = alembic_config()
    with create_engine(database_url).begin() as older:
        config.attributes["connection"] = older
        command.downgrade(config, "0004")
    assert keys(connection) == {"predictions_sample_index_fkey", "predictions_deployment_id_fkey"}
    migrate(database_url)
    assert keys(connection) == set()
    assert told(connection) == [(0, 1)]
    with pytest.raises(IntegrityError):
        tell(connection, 9)


def test_what_was_read_under_the_hold_is_not_looked_for_again(
    connection: Connection, database_url: str
) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        with telling_of_kept_samples(session, "clouds"):
            tell(session.connection(), 0)
            with pytest.raises(IntegrityError, match="deployment 9"), session.begin_nested():
                tell(session.connection(), 1, 9)
        with pytest.raises(IntegrityError, match="sample 9"):
            tell(session.connection(), 9)
    engine.dispose()
    assert told(connection) == []


def test_whoever_deletes_waits_for_who_tells_of_what_was_read(
    connection: Connection, database_url: str
) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        lock_set(session, CLOUDS, "testing", replacing=False)
        deleting = Thread(
            target=connection.execute, args=(text("DELETE FROM clouds.samples WHERE sample_index = 0"),)
        )
        deleting.start()
        deleting.join(0.5)
        assert deleting.is_alive()
        with telling_of_kept_samples(session, "clouds"):
            tell(session.connection(), 0)
        session.commit()
    deleting.join(10)
    engine.dispose()
    assert told(connection) == []


@pytest.mark.parametrize(
    ("change", "is_refused"), [("sample_index = 7", True), ("dataset_id = 3", False)], ids=["number", "set"]
)
def test_whoever_renumbers_or_moves_a_sample_waits_for_who_tells_of_it(
    connection: Connection, database_url: str, change: str, *, is_refused: bool
) -> None:
    refused: list[IntegrityError] = []

    def run() -> None:
        try:
            connection.execute(text(f"UPDATE clouds.samples SET {change} WHERE sample_index = 0"))  # noqa: S608
        except IntegrityError as error:
            refused.append(error)

    engine = create_engine(database_url)
    with Session(engine) as session:
        lock_set(session, CLOUDS, "testing", replacing=False)
        changing = Thread(target=run)
        changing.start()
        changing.join(0.5)
        assert changing.is_alive(), "it did not wait"
        with telling_of_kept_samples(session, "clouds"):
            tell(session.connection(), 0)
        session.commit()
    changing.join(10)
    engine.dispose()
    assert bool(refused) == is_refused
    assert told(connection) == [(0, 1)]


def test_whoever_tells_of_a_sample_that_is_being_moved_holds_its_new_set(
    connection: Connection, database_url: str
) -> None:
    engine = create_engine(database_url)
    hold = text("SELECT FROM clouds.datasets WHERE dataset_id = 3 FOR NO KEY UPDATE NOWAIT")
    with engine.connect() as moving, engine.connect() as telling:
        moving.execute(text("SELECT FROM clouds.datasets WHERE dataset_id = 2 FOR NO KEY UPDATE"))
        moving.execute(text("UPDATE clouds.samples SET dataset_id = 3 WHERE sample_index = 0"))
        waiting = Thread(target=tell, args=(telling, 0))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive(), "it did not wait"
        moving.commit()
        waiting.join(10)
        with pytest.raises(OperationalError, match="could not obtain lock"):
            connection.execute(hold)
        telling.commit()
    connection.execute(hold)
    engine.dispose()


def test_a_deployment_that_has_predicted_keeps_its_id(connection: Connection) -> None:
    tell(connection, 0)
    with pytest.raises(IntegrityError, match="deployment 1 has predictions"):
        connection.execute(text("UPDATE public.deployments SET id = 7 WHERE id = 1"))
    connection.execute(text("UPDATE public.deployments SET id = 7 WHERE id = 2"))
    connection.execute(text("UPDATE public.deployments SET failure = 'none' WHERE id = 1"))


def test_predictions_go_when_all_deployments_are_emptied(connection: Connection) -> None:
    tell(connection, 0)
    connection.execute(text("TRUNCATE public.deployments CASCADE"))
    assert told(connection) == []
