"""Samples that come in live, and the truth about them, in PostgreSQL."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg2.errors import UniqueViolation
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Column,
    MetaData,
    Table,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from db.categories import rows_at_once, to_names, with_unlisted
from db.copying import copy_in
from db.definition import Feature, FeatureType, Task, UseCase
from db.integrity import telling_of_kept_samples
from db.tables import FIRST_LIVE_INDEX, use_case_tables
from db.use_cases import DATASETS
from fleet.errors import FleetError
from ml_model.persistence.model.live_rows import FeedbackOutcome, LivePredictions, LiveRows

FEW = 10
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class AlreadyStoredError(FleetError):
    """The rows are there: the connection broke when they had just been committed."""

    def __init__(self) -> None:
        super().__init__(
            "The rows are stored already", "There is nothing to do: their numbers are nobody else's"
        )


class LiveSampleRepository:
    """Live rows of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reserve(self, use_case: UseCase, count: int) -> range:
        """That many numbers in a row, for nobody else."""
        name = f"{use_case.name}.live_sample_index"
        lock = func.pg_advisory_xact_lock(func.hashtext(f"numbers of {name}"))
        self._session.execute(select(lock))  # nextval and setval are two steps
        query = text("SELECT setval(CAST(:name AS regclass), nextval(CAST(:name AS regclass)) + :count - 1)")
        last = int(self._session.execute(query, {"name": name, "count": count}).scalar_one())
        return range(last - count + 1, last + 1)

    def add(self, use_case: UseCase, rows: LiveRows, predictions: Sequence[LivePredictions]) -> None:
        """Store samples of the production set with predictions, all of these samples.

        Waits for nobody who reads or replaces the set. Raises AlreadyStoredError.
        """
        tables = use_case_tables(use_case)
        try:
            copy_in(self._session, tables.samples, _sample_blocks(use_case, rows))
        except UniqueViolation as error:
            raise AlreadyStoredError from error
        with telling_of_kept_samples(self._session, use_case.name):
            for each in predictions:
                copy_in(self._session, tables.predictions, [_prediction_columns(use_case, each)])

    def stored(self, use_case: UseCase, numbers: Iterable[int]) -> set[int]:
        """Which of these numbers samples have."""
        samples = use_case_tables(use_case).samples
        asked = func.any(literal(list(numbers), ARRAY(BigInteger)))
        return set(
            self._session.scalars(select(samples.c.sample_index).where(samples.c.sample_index == asked))
        )

    def first_unknown_class(self, use_case: UseCase, classes: Integers) -> int | None:
        """The first of these classes that no simulated sample has; None where no simulated sample has any."""
        targets = use_case_tables(use_case).targets
        simulated = targets.c.sample_index < FIRST_LIVE_INDEX
        asked = func.unnest(literal(classes.tolist(), ARRAY(BigInteger))).column_valued("asked")
        # One by one, as a class that there is, is found among the first rows.
        found = select(literal(1)).where(simulated, targets.c["class"] == asked).limit(1).scalar_subquery()
        some = select(targets.c.target_id).where(simulated).exists()
        return self._session.scalar(select(asked).where(found.is_(None), some).limit(1))

    def classes(self, use_case: UseCase) -> list[int]:
        """The classes that simulated samples have, ascending."""
        targets = use_case_tables(use_case).targets
        query = select(targets.c["class"]).where(targets.c.sample_index < FIRST_LIVE_INDEX).distinct()
        return sorted(self._session.scalars(query))

    def store_truth(self, use_case: UseCase, numbers: Integers, target: Floats) -> FeedbackOutcome:
        """Store the truth about production samples, each number once, in place of another truth.

        To be called while the set is held. In one statement, which sees one moment: rows that come in
        meanwhile are unknown to all of it.
        """
        tables = use_case_tables(use_case)
        samples, targets = tables.samples, tables.targets
        sent = self._send(tables.targets, numbers, target, use_case)
        known = (
            select(sent.c.sample_index, sent.c["class"], targets.c["class"].label("before"))
            .join_from(sent, samples, samples.c.sample_index == sent.c.sample_index)
            .outerjoin(targets, targets.c.sample_index == sent.c.sample_index)
            .where(samples.c.dataset_id == DATASETS["production"])
            .cte("known")
        )
        other = (targets.c.sample_index == known.c.sample_index) & (known.c.before != known.c["class"])
        replaced = update(targets).values({"class": known.c["class"]}).where(other)
        new = select(known.c.sample_index, known.c.sample_index, known.c["class"]).where(
            known.c.before.is_(None)
        )
        stored = insert(targets).from_select(
            ["sample_index", "target_index", "class"], new.order_by(known.c.sample_index)
        )
        is_known = select(known.c.sample_index).where(known.c.sample_index == sent.c.sample_index).exists()
        first = select(sent.c.sample_index).where(~is_known).order_by(sent.c.sample_index).limit(FEW)
        counts = select(
            _count(stored.returning(targets.c.sample_index).cte("stored")),
            _count(replaced.returning(targets.c.sample_index).cte("replaced")),
            _count(known),
            func.array(first.scalar_subquery()),
        )
        return _outcome(len(numbers), *self._session.execute(counts).one())

    def _send(self, targets: Table, numbers: Integers, target: Floats, use_case: UseCase) -> Table:
        """A table of this transaction's own, with the truths in it."""
        columns = [Column(name, targets.c[name].type) for name in ("sample_index", "class")]
        sent = Table(
            "truth_sent",
            MetaData(schema="pg_temp"),
            *columns,
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"truth of {use_case.name}"))))
        sent.create(self._session.connection())
        copy_in(self._session, sent, [{"sample_index": numbers, "class": _as_stored(use_case, target)}])
        self._session.execute(text("ANALYZE truth_sent"))
        return sent


def _count(rows: CTE) -> Any:
    return select(func.count()).select_from(rows).scalar_subquery()


def _outcome(sent: int, stored: int, replaced: int, known: int, first_unknown: list[int]) -> FeedbackOutcome:
    return FeedbackOutcome(stored, replaced, known - stored - replaced, sent - known, first_unknown)


def _as_stored(use_case: UseCase, values: Floats) -> npt.NDArray[Any]:
    return values.astype(np.int64) if use_case.task is Task.CLASSIFICATION else values


def _sample_blocks(use_case: UseCase, rows: LiveRows) -> Iterator[dict[str, npt.NDArray[Any]]]:
    columns = [
        with_unlisted(feature.categories, values, rows.unlisted.get(feature.name, {}))
        for feature, values in zip(use_case.features, rows.features.T, strict=True)
    ]
    size = rows_at_once(use_case.features)
    for start in range(0, len(rows.numbers), size):
        part = slice(start, start + size)
        numbers = rows.numbers[part]
        yield {
            "dataset_id": np.full(len(numbers), DATASETS["production"]),
            "sample_index": numbers,
            "created_at": rows.at[part],
            **{
                feature.name: _feature_column(feature, values[part], names)
                for feature, (names, values) in zip(use_case.features, columns, strict=True)
            },
        }


def _feature_column(feature: Feature, values: Floats, names: Sequence[str]) -> npt.NDArray[Any]:
    """names: of a category, by position."""
    if feature.type is FeatureType.CATEGORY:
        return to_names(names, values)
    return np.rint(values) if feature.type is FeatureType.INTEGER else values


def _prediction_columns(use_case: UseCase, told: LivePredictions) -> dict[str, npt.NDArray[Any]]:
    return {
        "sample_index": told.numbers,
        "prediction_index": told.numbers,
        "class": _as_stored(use_case, told.labels),
        "probability": told.probabilities,
        "deployment_id": told.deployments,
        "predicted_at": told.at,
    }
