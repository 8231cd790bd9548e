"""Registering use cases and finding them again."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from db.definition import Feature, Task, UseCase
from db.shared import DeploymentRow
from db.tables import FIRST_LIVE_INDEX, UseCaseTables
from db.use_cases import (
    DATASETS,
    UnknownUseCaseError,
    UseCaseChangedError,
    find_use_case,
    register_use_case,
    remove_use_case,
)
from tests.conftest import Sessions
from tests.integration.db.conftest import TEA, store_samples


def test_a_registered_use_case_is_found_as_it_was_given(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as session:
        assert find_use_case(session, "tea") == tea


def test_registering_again_changes_nothing(sessions: Sessions, tea: UseCase, tables: UseCaseTables) -> None:
    with sessions() as session:
        store_samples(session, tables, 1, [1, 2])
        register_use_case(session, tea)
        session.commit()
        assert session.scalar(text("SELECT count(*) FROM tea.samples")) == 2


def test_a_use_case_is_removed_with_its_deployments_and_no_others(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    coffee = tea.model_copy(update={"name": "coffee"})
    others = register_coffee(sessions, coffee)
    with sessions() as session:
        for use_case, its in ((tea, tables), (coffee, others)):
            store_samples(session, its, 1, [1, 2])
            row = DeploymentRow(
                use_case=use_case.name, model_name="Ridge", hyperparameters={}, preprocessing="none"
            )
            session.add(row)
            session.flush()
            told = {"sample_index": 1, "prediction_index": 1, "class": 1.0, "deployment_id": row.id}
            session.execute(its.predictions.insert().values(told))
        session.commit()
        assert remove_use_case(session, tea) == 1
        session.commit()
        assert session.scalars(select(DeploymentRow.use_case)).all() == ["coffee"]
        assert session.scalar(text("SELECT count(*) FROM coffee.predictions")) == 1
        with pytest.raises(UnknownUseCaseError):
            find_use_case(session, "tea")
        register_use_case(session, tea)
        assert session.scalar(text("SELECT count(*) FROM tea.samples")) == 0


def test_a_removal_lets_those_go_on_who_hold_what_it_waits_for(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    with sessions() as writing, sessions() as removing, ThreadPoolExecutor(1) as pool:
        writing.scalar(select(tables.samples.c.sample_index))
        removal = pool.submit(remove_use_case, removing, tea)
        with sessions() as looking:
            wait_until_locked(looking, tables.datasets.name)
        named = select(tables.datasets.c.name).with_for_update(read=True)
        assert len(writing.scalars(named).all()) == len(DATASETS)
        writing.commit()
        assert removal.result(10) == 0
        removing.commit()
        with pytest.raises(UnknownUseCaseError):
            find_use_case(writing, "tea")


def wait_until_locked(session: Session, table: str) -> None:
    """Until somebody has the whole table of tea for himself."""
    locked = text(
        "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
        "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = 'tea' AND relname = :table AND mode = 'AccessExclusiveLock' AND granted"
    )
    deadline = time.monotonic() + 10
    while not session.scalar(locked, {"table": table}):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def register_coffee(sessions: Sessions, coffee: UseCase) -> UseCaseTables:
    with sessions() as session:
        tables = register_use_case(session, coffee)
        session.execute(tables.datasets.insert().values({"dataset_id": 1, "name": "training"}))
        session.commit()
    return tables


def test_registering_in_parallel_works(sessions: Sessions) -> None:
    def register(_: int) -> None:
        with sessions() as session:
            register_use_case(session, TEA)
            session.commit()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(register, range(6)))
    with sessions() as session:
        assert find_use_case(session, "tea") == TEA


@pytest.mark.parametrize(
    "change",
    [
        lambda tea: tea.model_copy(update={"target": "seconds"}),
        lambda tea: tea.model_copy(update={"task": Task.CLASSIFICATION}),
        lambda tea: tea.model_copy(update={"features": (*tea.features, Feature(name="sugar"))}),
        lambda tea: tea.model_copy(update={"features": tea.features[::-1]}),
    ],
)
def test_a_changed_definition_is_409_and_leaves_the_tables_alone(
    sessions: Sessions, tea: UseCase, change: Callable[[UseCase], UseCase]
) -> None:
    with sessions() as session:
        with pytest.raises(UseCaseChangedError, match="tea") as caught:
            register_use_case(session, change(tea))
        assert caught.value.status == 409
        session.rollback()
        assert find_use_case(session, "tea") == tea


def test_an_unknown_use_case_is_404_and_the_known_ones_are_named(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as session, pytest.raises(UnknownUseCaseError, match="beer") as caught:
        find_use_case(session, "beer")
    assert caught.value.status == 404
    assert tea.name in caught.value.message


def test_without_any_use_case_the_message_says_what_to_start(sessions: Sessions) -> None:
    with sessions() as session, pytest.raises(UnknownUseCaseError) as caught:
        find_use_case(session, "tea")
    assert "simulator" in caught.value.message


def test_the_four_tables_are_made_in_a_schema_of_the_name(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as session:
        names = inspect(session.connection()).get_table_names(schema=tea.name)
    assert set(names) == {"datasets", "samples", "targets", "predictions"}


def test_live_rows_are_numbered_above_every_simulated_one(sessions: Sessions, tables: UseCaseTables) -> None:
    with sessions() as session:
        assert session.scalar(select(tables.live_index.next_value())) == FIRST_LIVE_INDEX


@pytest.mark.parametrize("table", ["targets", "predictions"])
def test_what_belongs_to_a_sample_goes_with_it(sessions: Sessions, tables: UseCaseTables, table: str) -> None:
    with sessions() as session:
        store_samples(session, tables, 1, [1])
        session.execute(
            text(
                """WITH deployment AS (
                       INSERT INTO public.deployments (use_case, model_name, hyperparameters, preprocessing)
                       VALUES ('tea', 'SVC', '{}', 'none') RETURNING id)
                   INSERT INTO tea.predictions (sample_index, prediction_index, class, deployment_id)
                   SELECT 1, 1, 0.5, id FROM deployment"""
            )
        )
        session.execute(text("DELETE FROM tea.samples"))
        assert session.scalar(text(f"SELECT count(*) FROM tea.{table}")) == 0  # noqa: S608  # our own names


def test_a_class_is_a_double_for_regression_and_an_integer_for_classification(sessions: Sessions) -> None:
    with sessions() as session:
        register_use_case(session, TEA)
        register_use_case(session, TEA.model_copy(update={"name": "leaf", "task": Task.CLASSIFICATION}))
        kinds = session.execute(
            text(
                """SELECT table_schema, data_type FROM information_schema.columns
                   WHERE column_name = 'class' AND table_name = 'targets' ORDER BY 1"""
            )
        ).all()
    assert [tuple(kind) for kind in kinds] == [("leaf", "integer"), ("tea", "double precision")]
