"""Reading stored sets."""

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.copying import copy_in
from db.definition import UseCase
from db.sets import (
    RowRange,
    Samples,
    lock_set,
    read_predictions,
    read_rows,
    read_set,
    read_targets,
    set_sizes,
    stream_set,
)
from db.tables import UseCaseTables
from tests.conftest import Sessions
from tests.integration.db.conftest import store_samples

ORDER = [30, 10, 50, 20, 40, 60, 5]


def add_deployment(session: Session) -> int:
    statement = """INSERT INTO public.deployments (use_case, model_name, hyperparameters, preprocessing)
                   VALUES ('tea', 'SVC', '{}', 'none') RETURNING id"""
    return int(session.execute(text(statement)).scalar_one())


def predict(session: Session, tables: UseCaseTables, deployment: int, index: list[int]) -> None:
    numbers = np.array(index)
    block = {
        "sample_index": numbers,
        "prediction_index": numbers,
        "class": numbers * 10.0 + deployment,
        "deployment_id": np.full(len(numbers), deployment),
    }
    copy_in(session, tables.predictions, [block])


def test_a_set_comes_in_the_order_in_which_it_was_loaded(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    with sessions() as session:
        store_samples(session, tables, 1, ORDER)
        block = read_set(session, tea, "training")
    assert block.sample_index.tolist() == ORDER
    np.testing.assert_array_equal(block.features, [[number / 2, number * 2] for number in ORDER])
    np.testing.assert_array_equal(block.target, np.array(ORDER) + 0.25)


def test_a_range_holds_the_rows_that_arrived_in_it_in_their_order(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    with sessions() as session:
        store_samples(session, tables, 2, [900, 800])
        store_samples(session, tables, 1, ORDER)
        whole = read_set(session, tea, "training")
        rows = read_rows(session, tea, RowRange("training"))
        ids = rows.sample_id.tolist()
        some = read_rows(session, tea, RowRange("training", ids[1], ids[4]))
        numbered = read_rows(session, tea, RowRange("training", ids[1], ids[4], (min(ORDER[1:5]), ORDER[3])))
    assert rows.sample_index.tolist() == ORDER
    np.testing.assert_array_equal(rows.features, whole.features)
    assert some.sample_index.tolist() == ORDER[1:5]
    assert numbered.sample_index.tolist() == [each for each in ORDER[1:5] if each <= ORDER[3]]


def test_an_empty_set_has_no_rows(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as session:
        assert len(read_rows(session, tea, RowRange("training"))) == 0
        assert len(read_set(session, tea, "training")) == 0
        assert read_set(session, tea, "training").features.shape == (0, 2)


def test_a_limit_gives_the_first_rows(sessions: Sessions, tea: UseCase, tables: UseCaseTables) -> None:
    with sessions() as session:
        store_samples(session, tables, 1, ORDER)
        assert read_set(session, tea, "training", limit=3).sample_index.tolist() == ORDER[:3]


def test_a_missing_value_or_target_is_nan(sessions: Sessions, tea: UseCase, tables: UseCaseTables) -> None:
    with sessions() as session:
        copy_in(session, tables.samples, [{"dataset_id": np.array([3]), "sample_index": np.array([1])}])
        block = read_set(session, tea, "production")
    assert np.isnan(block.features).all()
    assert np.isnan(block.target).all()


@pytest.mark.parametrize("named", [3, 20_000])
def test_predictions_are_those_of_one_deployment_in_the_order_that_is_asked_for(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    monkeypatch.setattr("db.lookups.NAMED_ROWS", named)
    numbers = np.array(ORDER)
    with sessions() as session:
        store_samples(session, tables, 1, ORDER)
        first, second = add_deployment(session), add_deployment(session)
        predict(session, tables, first, ORDER)
        predict(session, tables, second, [20, 50])
        all_of_them = read_predictions(session, tea, first, numbers)
        two = read_predictions(session, tea, second, numbers)
        assert read_predictions(session, tea, first, numbers[:0]).shape == (0,)
    np.testing.assert_array_equal(all_of_them, numbers * 10.0 + first)
    expected = np.where(np.isin(numbers, [20, 50]), numbers * 10.0 + second, np.nan)
    np.testing.assert_array_equal(two, expected)


def test_sizes_count_each_set_and_name_the_empty_ones(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    with sessions() as session:
        store_samples(session, tables, 2, ORDER)
        assert set_sizes(session, tea) == {"training": 0, "testing": 7, "production": 0}


def test_two_readers_hold_a_set_at_once(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as one, sessions() as other:
        other.execute(text("SET lock_timeout = '2s'"))
        assert lock_set(one, tea, "training", replacing=False) == 1
        assert lock_set(other, tea, "training", replacing=False) == 1


def test_a_live_row_is_stored_while_a_set_is_replaced(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables
) -> None:
    with sessions() as replacing, sessions() as live:
        live.execute(text("SET lock_timeout = '2s'"))
        lock_set(replacing, tea, "training", replacing=True)
        store_samples(live, tables, 1, [1_000_000_000])
        live.commit()


def test_locking_a_set_that_has_no_name_gives_no_id(sessions: Sessions, tea: UseCase) -> None:
    with sessions() as session:
        session.execute(text("DELETE FROM tea.datasets"))
        assert lock_set(session, tea, "training", replacing=False) is None


@pytest.mark.parametrize("block_rows", [2, 100])
def test_features_are_streamed_without_what_is_known_of_them(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables, block_rows: int
) -> None:
    blocks: list[Samples] = []
    with sessions() as session:
        store_samples(session, tables, 2, [900, 800])
        store_samples(session, tables, 1, ORDER)
        stream_set(session, tea, "training", blocks.append, block_rows=block_rows)
        stream_set(session, tea, "production", blocks.append)
    numbers = np.concatenate([block.sample_index for block in blocks])
    assert sorted(numbers.tolist()) == sorted(ORDER)
    features = np.concatenate([block.features for block in blocks])
    np.testing.assert_array_equal(features, [[number / 2, number * 2] for number in numbers])


@pytest.mark.parametrize("named", [1, 100])
def test_targets_are_found_by_number(
    sessions: Sessions, tea: UseCase, tables: UseCaseTables, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    monkeypatch.setattr("db.lookups.NAMED_ROWS", named)
    with sessions() as session:
        store_samples(session, tables, 1, ORDER)
        store_samples(session, tables, 2, [25, 900])
        session.execute(tables.targets.delete().where(tables.targets.c.sample_index == 40))
        found = read_targets(session, tea, np.array([20, 40, 60, 70]))
    np.testing.assert_array_equal(found, [20.25, np.nan, 60.25, np.nan])
