"""Reading the stored sets of a use case, in arrays, as a rule in the order of loading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy import Column, ColumnElement, Double, Select, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from db.copying import copy_out, copy_out_blocks
from db.definition import Feature, FeatureType, UseCase
from db.integrity import tell_held
from db.lookups import looked_up, named, parts_of
from db.tables import use_case_tables
from db.use_cases import DATASETS

SetName = Literal["training", "testing", "production"]
BLOCK_ROWS = 100_000
TOLD_NAMES = 20  # of those that are not listed; there may be as many as rows

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SampleBlock:
    """Rows of a stored set.

    sample_index: (rows,); features: (rows, features), a category as its position in the feature's list, NaN
    where missing; target: (rows,), NaN where unknown.
    """

    sample_index: Integers
    features: Floats
    target: Floats

    def __len__(self) -> int:
        return len(self.sample_index)

    def labelled(self) -> tuple[Floats, Floats]:
        """Features and targets of the rows whose target is known."""
        known = ~np.isnan(self.target)
        return self.features[known], self.target[known]


@dataclass(frozen=True)
class Samples:
    """Features of samples, without what is known of them; as in SampleBlock."""

    sample_index: Integers
    features: Floats


def set_sizes(session: Session, use_case: UseCase) -> dict[str, int]:
    """Number of stored samples by set name, in the order of their ids."""
    tables = use_case_tables(use_case)
    datasets, samples = tables.datasets, tables.samples
    query = (
        select(datasets.c.name, func.count(samples.c.sample_id))
        .join_from(datasets, samples, isouter=True)
        .group_by(datasets.c.dataset_id)
        .order_by(datasets.c.dataset_id)
    )
    return dict(session.execute(query).all())


def lock_set(session: Session, use_case: UseCase, name: SetName, *, replacing: bool) -> int | None:
    """Hold off whoever would replace the set until the transaction ends; returns its id, or None.

    replacing: the caller is the one who replaces the simulated rows, so it also waits for readers. Rows
    that come in live are never held up.
    """
    datasets = use_case_tables(use_case).datasets
    query = select(datasets.c.dataset_id).where(datasets.c.name == name)
    dataset_id = session.scalar(query.with_for_update(key_share=replacing, read=not replacing))
    if dataset_id is not None:
        tell_held(session, use_case.name, dataset_id)
    return dataset_id


@dataclass(frozen=True)
class RowRange:
    """Consecutive rows of a set in their order of arrival: those of these sample_ids, both ends included.

    numbers: only those whose sample_index is from the one to the other, too.
    """

    name: SetName
    first_id: int = 0
    last_id: int = 2**63 - 1
    numbers: tuple[int, int] | None = None

    def conditions(self, use_case: UseCase) -> list[ColumnElement[bool]]:
        """On the use case's samples; the index on (dataset_id, sample_id) finds them."""
        samples = use_case_tables(use_case).samples
        # By the id, not by a join with the name.
        return [samples.c.dataset_id == DATASETS[self.name], *self._within(use_case)]

    def end(self, use_case: UseCase, count: int, *, last: bool) -> Select[tuple[int]]:
        """The sample_index of the first or the last of them."""
        samples = use_case_tables(use_case).samples
        set_id, order = DATASETS[self.name], (samples.c.dataset_id, samples.c.sample_id)
        # With ==, PostgreSQL takes the index on sample_id, and goes through production to testing's end.
        is_set = samples.c.dataset_id.between(set_id, set_id)
        chosen = select(samples.c.sample_index).where(is_set, *self._within(use_case))
        return chosen.order_by(*(each.desc() for each in order) if last else order).limit(count)

    def _within(self, use_case: UseCase) -> list[ColumnElement[bool]]:
        samples = use_case_tables(use_case).samples
        found: list[ColumnElement[bool]] = [samples.c.sample_id.between(self.first_id, self.last_id)]
        if self.numbers is not None:
            found.append(samples.c.sample_index.between(*self.numbers))
        return found


@dataclass(frozen=True)
class Rows:
    """Rows of a set in the order of arrival, as in SampleBlock, but for names that are not in their feature's
    list: the position after the list's last, not NaN."""

    sample_id: Integers
    sample_index: Integers
    features: Floats

    def __len__(self) -> int:
        return len(self.sample_id)

    def part(self, which: npt.NDArray[Any]) -> "Rows":
        """Some of them."""
        return Rows(self.sample_id[which], self.sample_index[which], self.features[which])

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """The rows of all parts, in the order of arrival."""
        columns = ("sample_id", "sample_index", "features")
        rows = cls(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
        ids = rows.sample_id
        return rows.part(np.argsort(ids)) if (ids[1:] < ids[:-1]).any() else rows


def read_rows(session: Session, use_case: UseCase, rows: RowRange) -> Rows:
    """The features of a range, without what is known and predicted of them, which would take joins."""
    return _read(session, use_case, rows.conditions(use_case))


def read_numbered(session: Session, use_case: UseCase, name: SetName, numbers: Integers) -> Rows:
    """The features of chosen rows of a set, as `read_rows` has them. numbers: sample_index, ascending."""
    samples, found = use_case_tables(use_case).samples, []
    for part in parts_of(numbers):
        is_set = samples.c.dataset_id == DATASETS[name]
        rows = _read(session, use_case, [is_set, named(samples.c.sample_index, part)])
        found.append(rows.part(np.isin(rows.sample_index, part)))
    return Rows.joined(found)


def _read(session: Session, use_case: UseCase, conditions: list[ColumnElement[bool]]) -> Rows:
    samples = use_case_tables(use_case).samples
    features = _features(use_case, tell_unlisted=True)
    query = select(samples.c.sample_id, samples.c.sample_index, *features).where(*conditions)
    dtype = np.dtype([("sample_id", "i8"), ("sample_index", "i8"), *_feature_fields(use_case)])
    blocks: list[Rows] = []

    def take(block: npt.NDArray[Any]) -> None:
        ids, numbers = block["sample_id"].copy(), block["sample_index"].copy()
        blocks.append(Rows(ids, numbers, _matrix(block, use_case)))

    copy_out_blocks(session, query, dtype, take, block_rows=BLOCK_ROWS)
    return Rows.joined(blocks)


def stream_set(
    session: Session,
    use_case: UseCase,
    name: SetName,
    each: Callable[[Samples], object],
    *,
    block_rows: int = BLOCK_ROWS,
) -> None:
    """Hand a set's features over while they are read, in no order, blocks of many rows at a time.

    Without the targets, which take a join: see `read_targets`. Nothing else can be done in the session
    meanwhile.
    """
    samples = use_case_tables(use_case).samples
    query = select(samples.c.sample_index, *_features(use_case)).where(samples.c.dataset_id == DATASETS[name])

    def hand_over(rows: npt.NDArray[Any]) -> None:
        if len(rows):
            each(Samples(rows["sample_index"].copy(), _matrix(rows, use_case)))

    dtype = np.dtype([("sample_index", "i8"), *_feature_fields(use_case)])
    copy_out_blocks(session, query, dtype, hand_over, block_rows=block_rows)


def read_targets(session: Session, use_case: UseCase, numbers: Integers) -> Floats:
    """What is known of samples, NaN where nothing is. numbers: their sample_index."""
    return looked_up(session, use_case_tables(use_case).targets.c["class"], numbers)


def read_predictions(session: Session, use_case: UseCase, deployment_id: int, numbers: Integers) -> Floats:
    """What a deployment has predicted of samples, NaN where nothing. numbers: their sample_index."""
    predictions = use_case_tables(use_case).predictions
    return looked_up(session, predictions.c["class"], numbers, predictions.c.deployment_id == deployment_id)


def read_set(session: Session, use_case: UseCase, name: SetName, *, limit: int | None = None) -> SampleBlock:
    """A whole set, or its first `limit` rows, in one block."""
    samples = use_case_tables(use_case).samples
    return read_where(session, use_case, samples.c.dataset_id == DATASETS[name], limit=limit)


def read_where(
    session: Session, use_case: UseCase, *conditions: ColumnElement[bool], limit: int | None = None
) -> SampleBlock:
    """Rows of which the conditions, on samples and targets, hold: all, or the first `limit`, in one block."""
    rows = copy_out(session, _query(use_case).where(*conditions).limit(limit), _dtype(use_case))
    return SampleBlock(rows["sample_index"].copy(), _matrix(rows, use_case), rows["target"].copy())


def unlisted_names(session: Session, use_case: UseCase, rows: RowRange) -> dict[str, tuple[str, ...]]:
    """Names in a range that are not in their feature's list, by feature: the most frequent first, TOLD_NAMES
    at most. Features without any are left out."""
    samples, found = use_case_tables(use_case).samples, {}
    for feature in use_case.features:
        if feature.type is FeatureType.CATEGORY:
            column = samples.c[feature.name]
            query = (
                select(column)
                .where(*rows.conditions(use_case), column != func.all(_listed(feature)))
                .group_by(column)
                .order_by(func.count().desc(), column)
                .limit(TOLD_NAMES)
            )
            found[feature.name] = tuple(session.scalars(query))
    return {feature: names for feature, names in found.items() if names}


def _query(use_case: UseCase) -> Select[Any]:
    tables = use_case_tables(use_case)
    samples, targets = tables.samples, tables.targets
    missing = cast(literal("NaN"), Double)
    return (
        select(
            samples.c.sample_id,
            samples.c.sample_index,
            *_features(use_case),
            func.coalesce(cast(targets.c["class"], Double), missing),
        )
        .select_from(samples.outerjoin(targets))
        .order_by(samples.c.sample_id)
    )


def _features(use_case: UseCase, *, tell_unlisted: bool = False) -> list[ColumnElement[Any]]:
    samples, missing = use_case_tables(use_case).samples, cast(literal("NaN"), Double)
    return [
        func.coalesce(_number(feature, samples.c[feature.name], tell_unlisted=tell_unlisted), missing)
        for feature in use_case.features
    ]


def _number(feature: Feature, column: Column[Any], *, tell_unlisted: bool) -> ColumnElement[Any]:
    """The column as a double; of a category its position in the list, null for one that is not in it."""
    if feature.type is not FeatureType.CATEGORY:
        return cast(column, Double)
    position = func.array_position(_listed(feature), column) - 1
    if tell_unlisted:
        after = case((column.is_not(None), len(feature.categories)))
        position = func.coalesce(position, after)
    return cast(position, Double)


def _listed(feature: Feature) -> array[Any]:
    return array([literal(name) for name in feature.categories])


def _dtype(use_case: UseCase) -> np.dtype[Any]:
    ids = [("sample_id", "i8"), ("sample_index", "i8")]
    return np.dtype([*ids, *_feature_fields(use_case), ("target", "f8")])


def _feature_fields(use_case: UseCase) -> list[tuple[str, str]]:
    return [(f"feature {name}", "f8") for name in use_case.feature_names]


def _matrix(rows: npt.NDArray[Any], use_case: UseCase) -> Floats:
    features = np.empty((len(rows), len(use_case.features)))
    for column, name in enumerate(use_case.feature_names):
        features[:, column] = rows[f"feature {name}"]
    return features
