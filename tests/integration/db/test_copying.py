"""Bulk load and unload against a real PostgreSQL."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from psycopg2.errors import ForeignKeyViolation
from sqlalchemy import Double, cast, func, literal, select, text

from db.copying import copy_in, copy_out
from db.tables import UseCaseTables
from tests.conftest import Sessions

DTYPE = np.dtype([("sample_index", "i8"), ("dataset_id", "i4"), ("heat", "f8"), ("cups", "i8")])


def random_block(random: np.random.Generator, start: int, rows: int) -> dict[str, np.ndarray]:
    """Columns of samples with special values: NaN, infinities, zeros of both signs, the tiniest double."""
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.7976931348623157e308])
    heat = random.normal(size=rows)
    chosen = random.random(rows) < random.random()
    heat[chosen] = random.choice(special, chosen.sum())
    return {
        "sample_index": start + random.permutation(rows),
        "dataset_id": random.integers(1, 4, rows),
        "heat": heat,
        "cups": random.integers(-(2**63), 2**63 - 1, rows),
        "origin": np.full(rows, b"simulated"),
    }


@pytest.mark.parametrize("seed", range(12))
def test_what_is_copied_in_comes_out(sessions: Sessions, tables: UseCaseTables, seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(0, 400, size=random.integers(1, 6))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    blocks = [random_block(random, int(start), int(size)) for start, size in zip(starts, sizes, strict=True)]
    columns = tables.samples.c
    query = select(
        columns.sample_index,
        columns.dataset_id,
        func.coalesce(columns.heat, cast(literal("NaN"), Double)),
        columns.cups,
    ).order_by(columns.sample_id)
    with sessions() as session:
        assert copy_in(session, tables.samples, blocks) == sizes.sum()
        stored = copy_out(session, query, DTYPE)
        nulls = session.scalar(select(func.count()).where(columns.heat.is_(None)))
    for name in ("sample_index", "dataset_id", "heat", "cups"):
        np.testing.assert_array_equal(stored[name], np.concatenate([block[name] for block in blocks]))
    signs = np.signbit(np.concatenate([block["heat"] for block in blocks]))
    finite = ~np.isnan(stored["heat"])
    np.testing.assert_array_equal(np.signbit(stored["heat"])[finite], signs[finite])
    assert nulls == np.isnan(stored["heat"]).sum()


def test_text_is_stored_as_given(sessions: Sessions, tables: UseCaseTables) -> None:
    block = random_block(np.random.default_rng(1), 0, 3)
    with sessions() as session:
        copy_in(session, tables.samples, [block])
        assert set(session.scalars(select(tables.samples.c.origin))) == {"simulated"}


def test_columns_that_are_not_given_get_their_defaults(sessions: Sessions, tables: UseCaseTables) -> None:
    with sessions() as session:
        copy_in(session, tables.samples, [{"dataset_id": np.array([1]), "sample_index": np.array([5])}])
        row = session.execute(select(tables.samples)).one()
    assert (row.origin, row.heat, row.cups) == ("live", None, None)
    assert row.created_at is not None


def test_no_block_at_all_stores_nothing(sessions: Sessions, tables: UseCaseTables) -> None:
    with sessions() as session:
        assert copy_in(session, tables.samples, []) == 0
        assert session.scalar(select(func.count()).select_from(tables.samples)) == 0


def test_empty_blocks_store_nothing(sessions: Sessions, tables: UseCaseTables) -> None:
    empty = random_block(np.random.default_rng(1), 0, 0)
    with sessions() as session:
        assert copy_in(session, tables.samples, [empty, empty]) == 0


def test_an_empty_block_between_others_is_passed_over(sessions: Sessions, tables: UseCaseTables) -> None:
    random = np.random.default_rng(1)
    blocks = [random_block(random, 0, 2), random_block(random, 0, 0), random_block(random, 2, 3)]
    with sessions() as session:
        assert copy_in(session, tables.samples, blocks) == 5


def test_an_empty_table_comes_out_empty(sessions: Sessions, tables: UseCaseTables) -> None:
    with sessions() as session:
        columns = tables.samples.c
        query = select(columns.sample_index, columns.dataset_id, columns.heat, columns.cups)
        assert len(copy_out(session, query, DTYPE)) == 0


def test_text_in_a_query_is_quoted(sessions: Sessions, tables: UseCaseTables) -> None:
    name = "it's 100 % \\ :odd"
    query = select(tables.datasets.c.dataset_id).where(tables.datasets.c.name == name)
    dtype = np.dtype([("dataset_id", "i4")])
    with sessions() as session:
        session.execute(tables.datasets.insert().values(dataset_id=9, name=name))
        assert copy_out(session, query, dtype)["dataset_id"].tolist() == [9]


def test_blocks_are_made_one_at_a_time(sessions: Sessions, tables: UseCaseTables) -> None:
    rows, made = 20_000, 0
    started_with: list[int] = []

    def blocks() -> Iterator[Mapping[str, Any]]:
        nonlocal made
        for number in range(4):
            started_with.append(made)
            made += 1
            yield random_block(np.random.default_rng(number), number * rows, rows)

    with sessions() as session:
        assert copy_in(session, tables.samples, blocks()) == 4 * rows
    assert started_with == [0, 1, 2, 3]


def test_a_refused_row_leaves_nothing_behind(sessions: Sessions, tables: UseCaseTables) -> None:
    block = random_block(np.random.default_rng(1), 0, 10)
    with sessions() as session:
        with pytest.raises(ForeignKeyViolation):
            copy_in(session, tables.samples, [{**block, "dataset_id": np.full(10, 77)}])
        session.rollback()
        assert session.scalar(select(func.count()).select_from(tables.samples)) == 0


def test_an_error_while_blocks_are_made_reaches_the_caller(sessions: Sessions, tables: UseCaseTables) -> None:
    def failing() -> Iterator[Mapping[str, Any]]:
        yield random_block(np.random.default_rng(1), 0, 10)
        raise ZeroDivisionError

    with sessions() as session:
        with pytest.raises(ZeroDivisionError):
            copy_in(session, tables.samples, failing())
        session.rollback()
        assert session.scalar(text("SELECT count(*) FROM tea.samples")) == 0
