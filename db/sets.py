"""Reading the stored sets of a use case, in blocks of arrays, as a rule in the order of loading."""

from collections.abc import Callable, Iterator
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
from db.tables import use_case_tables
from db.use_cases import DATASETS

SetName = Literal["training", "testing", "production"]
BLOCK_ROWS = 100_000
NAMED_ROWS = 20_000  # more targets are sooner found in one sweep than one by one
TOLD_NAMES = 20  # of those that are not listed; there may be as many as rows

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SampleBlock:
    """Rows of a stored set.

    sample_index: (rows,); features: (rows, features), a category as its position in the feature's list, NaN
    where missing; target and prediction: (rows,), NaN where unknown.
    """

    sample_index: Integers
    features: Floats
    target: Floats
    prediction: Floats

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


def read_blocks(  # noqa: PLR0913  # which rows, and in which form
    session: Session,
    use_case: UseCase,
    name: SetName,
    *,
    predicted_by: int | None = None,
    tell_unlisted: bool = False,
    block_rows: int = BLOCK_ROWS,
) -> Iterator[SampleBlock]:
    """Stream a set. predicted_by: only samples that this deployment has predicted, with the prediction.

    tell_unlisted: a name that is not in its feature's list is the position after the list's last, not NaN.
    """
    last_id = 0
    query = _query(use_case, name, predicted_by, tell_unlisted=tell_unlisted).limit(block_rows)
    sample_id = query.selected_columns.sample_id
    while True:
        rows = copy_out(session, query.where(sample_id > last_id), _dtype(use_case))
        if len(rows):
            last_id = int(rows["sample_id"][-1])
            yield _block(rows, use_case)
        if len(rows) < block_rows:
            return


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
    """What is known of samples, NaN where nothing is. numbers: their sample_index, ascending, not none."""
    targets = use_case_tables(use_case).targets
    if len(numbers) <= NAMED_ROWS:
        which = targets.c.sample_index == func.any(array([literal(number) for number in numbers.tolist()]))
    else:
        which = targets.c.sample_index.between(int(numbers[0]), int(numbers[-1]))
    query = select(targets.c.sample_index, cast(targets.c["class"], Double)).where(which)
    found = np.full(len(numbers), np.nan)

    def take(block: npt.NDArray[Any]) -> None:
        # Looked up in their order, numbers are found much faster.
        rows = block[np.argsort(block["sample_index"])]
        places = np.minimum(np.searchsorted(numbers, rows["sample_index"]), len(numbers) - 1)
        asked = numbers[places] == rows["sample_index"]
        found[places[asked]] = rows["target"][asked]

    dtype = np.dtype([("sample_index", "i8"), ("target", "f8")])
    copy_out_blocks(session, query, dtype, take, block_rows=BLOCK_ROWS)
    return found


def read_set(
    session: Session,
    use_case: UseCase,
    name: SetName,
    *,
    limit: int | None = None,
) -> SampleBlock:
    """A whole set, or its first `limit` rows, in one block."""
    query = _query(use_case, name, None).limit(limit)
    return _block(copy_out(session, query, _dtype(use_case)), use_case)


def unlisted_names(session: Session, use_case: UseCase, name: SetName) -> dict[str, tuple[str, ...]]:
    """Names in a set that are not in their feature's list, by feature: the most frequent first, TOLD_NAMES
    at most. Features without any are left out."""
    samples, found = use_case_tables(use_case).samples, {}
    for feature in use_case.features:
        if feature.type is FeatureType.CATEGORY:
            column = samples.c[feature.name]
            query = (
                select(column)
                .where(samples.c.dataset_id == DATASETS[name], column != func.all(_listed(feature)))
                .group_by(column)
                .order_by(func.count().desc(), column)
                .limit(TOLD_NAMES)
            )
            found[feature.name] = tuple(session.scalars(query))
    return {feature: names for feature, names in found.items() if names}


def _query(
    use_case: UseCase, name: SetName, predicted_by: int | None, *, tell_unlisted: bool = False
) -> Select[Any]:
    tables = use_case_tables(use_case)
    samples, targets, predictions = tables.samples, tables.targets, tables.predictions
    missing = cast(literal("NaN"), Double)
    target = func.coalesce(cast(targets.c["class"], Double), missing)
    source = samples.outerjoin(targets)
    prediction: Any = missing
    if predicted_by is not None:
        source = source.join(predictions, predictions.c.sample_index == samples.c.sample_index)
        prediction = cast(predictions.c["class"], Double)
    query = (
        select(
            samples.c.sample_id,
            samples.c.sample_index,
            *_features(use_case, tell_unlisted=tell_unlisted),
            target,
            prediction,
        )
        .select_from(source)
        # By the id, not by a join with the name: the index on (dataset_id, sample_id) then gives each block.
        .where(samples.c.dataset_id == DATASETS[name])
        .order_by(samples.c.sample_id)
    )
    return query if predicted_by is None else query.where(predictions.c.deployment_id == predicted_by)


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
    return np.dtype([*ids, *_feature_fields(use_case), ("target", "f8"), ("prediction", "f8")])


def _feature_fields(use_case: UseCase) -> list[tuple[str, str]]:
    return [(f"feature {name}", "f8") for name in use_case.feature_names]


def _block(rows: npt.NDArray[Any], use_case: UseCase) -> SampleBlock:
    return SampleBlock(
        sample_index=rows["sample_index"].copy(),
        features=_matrix(rows, use_case),
        target=rows["target"].copy(),
        prediction=rows["prediction"].copy(),
    )


def _matrix(rows: npt.NDArray[Any], use_case: UseCase) -> Floats:
    features = np.empty((len(rows), len(use_case.features)))
    for column, name in enumerate(use_case.feature_names):
        features[:, column] = rows[f"feature {name}"]
    return features
