"""Samples, targets and predictions in PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Double, cast, delete, func, literal, select, text
from sqlalchemy.orm import Session

from db.copying import copy_in, copy_out
from db.definition import Task, UseCase
from db.integrity import telling_of_kept_samples
from db.sets import (
    RowRange,
    SampleBlock,
    Samples,
    SetName,
    lock_set,
    read_set,
    read_targets,
    read_where,
    stream_set,
)
from db.tables import FIRST_LIVE_INDEX, use_case_tables
from db.use_cases import DATASETS, every_use_case, find_use_case
from ml_model.persistence.model.scored import Scored

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class SampleRepository:
    """What a model is trained on and scores, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str) -> UseCase:
        """The registered use case; raises UnknownUseCaseError."""
        return find_use_case(self._session, name)

    def every(self) -> list[UseCase]:
        """The registered use cases, by name."""
        return every_use_case(self._session)

    def read(self, use_case: UseCase, name: SetName, limit: int | None = None) -> SampleBlock:
        """A set, or its first `limit` rows."""
        return read_set(self._session, use_case, name, limit=limit)

    def labelled(self, use_case: UseCase, rows: RowRange | Integers) -> SampleBlock:
        """Rows whose target is known, in order of arrival. rows: a range, or any samples' sample_index."""
        known = use_case_tables(use_case).targets.c["class"].is_not(None)
        return read_where(self._session, use_case, *_conditions(use_case, rows), known)

    def has_labelled(self, use_case: UseCase, name: SetName, count: int) -> bool:
        """Whether so many rows of a set have a target."""
        tables = use_case_tables(use_case)
        query = (
            select(tables.samples.c.sample_id)
            .join(tables.targets)
            .where(tables.samples.c.dataset_id == DATASETS[name])
            .limit(count)
        )
        return self._session.scalar(select(func.count()).select_from(query.subquery())) == count

    def unknown(self, use_case: UseCase, numbers: Integers) -> Integers:
        """Those of which there is no sample, ascending. numbers: sample_index."""
        samples = use_case_tables(use_case).samples
        query = select(samples.c.sample_index).where(*_conditions(use_case, numbers))
        return np.setdiff1d(numbers, np.fromiter(self._session.scalars(query), np.int64))

    def hold(self, use_case: UseCase, name: SetName) -> None:
        """Keep the simulator from replacing a set until the transaction ends."""
        lock_set(self._session, use_case, name, replacing=False)

    def stream(self, use_case: UseCase, name: SetName, each: Callable[[Samples], object]) -> None:
        """Hand a set over in blocks."""
        stream_set(self._session, use_case, name, each)

    def targets(self, use_case: UseCase, numbers: Integers) -> Floats:
        """What is known of samples, NaN where nothing is. numbers: their sample_index, ascending."""
        return read_targets(self._session, use_case, numbers)

    def see_one_moment(self) -> None:
        """Have all that this transaction reads be of one moment; to be called before anything is read."""
        self._session.connection(execution_options={"isolation_level": "REPEATABLE READ"})

    def live_predictions(self, use_case: UseCase, deployment_id: int) -> Scored:
        """What a deployment has said of samples that came in live, by sample_index, no probabilities."""
        told = use_case_tables(use_case).predictions
        own = (told.c.deployment_id == deployment_id) & (told.c.sample_index >= FIRST_LIVE_INDEX)
        query = (
            select(told.c.sample_index, cast(told.c["class"], Double))
            .where(own)
            .order_by(told.c.sample_index)
        )
        rows = copy_out(self._session, query, np.dtype([("sample_index", "i8"), ("label", "f8")]))
        return Scored(rows["sample_index"].copy(), rows["label"].copy(), None)

    def forget_predictions(self, use_case: UseCase, name: SetName, deployment_id: int) -> None:
        """Delete what a deployment has predicted on a set, but not on samples that came in live."""
        tables = use_case_tables(use_case)
        samples, told = tables.samples, tables.predictions
        own = (told.c.deployment_id == deployment_id) & (told.c.sample_index < FIRST_LIVE_INDEX)
        of_set = select(samples.c.sample_index).where(samples.c.dataset_id == DATASETS[name])
        # The planner does not know yet of a new deployment's predictions, and would look them up one by one.
        with self._without_nested_loops():
            self._session.execute(delete(told).where(own, told.c.sample_index.in_(of_set)))

    def forget_all_predictions(self, use_case: UseCase, deployment_id: int) -> None:
        """Delete whatever a deployment has predicted."""
        told = use_case_tables(use_case).predictions
        self._session.execute(delete(told).where(told.c.deployment_id == deployment_id))

    @contextmanager
    def _without_nested_loops(self) -> Iterator[None]:
        self._session.execute(text("SET LOCAL enable_nestloop = off"))
        yield
        self._session.execute(text("SET LOCAL enable_nestloop = on"))

    def add_predictions(self, use_case: UseCase, deployment_id: int, scored: Iterable[Scored]) -> None:
        """Store, in one statement, one prediction for each sample that was read since this holds its set."""
        is_class = use_case.task is Task.CLASSIFICATION
        columns = (_columns(block, deployment_id, is_class=is_class) for block in scored)
        with telling_of_kept_samples(self._session, use_case.name):
            copy_in(self._session, use_case_tables(use_case).predictions, columns)


def _conditions(use_case: UseCase, rows: RowRange | Integers) -> list[ColumnElement[bool]]:
    """On the use case's samples."""
    if isinstance(rows, RowRange):
        return rows.conditions(use_case)
    numbers = literal(f"{{{','.join(map(str, rows.tolist()))}}}")  # one text: many literals take their time
    return [use_case_tables(use_case).samples.c.sample_index == func.any(cast(numbers, ARRAY(BigInteger)))]


def _columns(block: Scored, deployment_id: int, *, is_class: bool) -> dict[str, npt.NDArray[Any]]:
    columns: dict[str, npt.NDArray[Any]] = {
        "sample_index": block.sample_index,
        "prediction_index": block.sample_index,
        "class": block.labels.astype(np.int64) if is_class else block.labels,
        "deployment_id": np.full(len(block.labels), deployment_id),
    }
    if block.probabilities is not None:
        columns["probability"] = block.probabilities
    return columns
