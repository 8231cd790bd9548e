"""What the simulator asks of PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from psycopg2.errors import UniqueViolation
from sqlalchemy import ColumnElement, delete, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.categories import MOST_ROWS, as_stored, rows_at_once, to_names
from db.copying import copy_in
from db.definition import Feature, FeatureType, Retention, Task, UseCase
from db.loop import DecidedRow
from db.sets import SetName, lock_set, set_sizes
from db.shared import UseCaseRow
from db.tables import use_case_tables
from db.use_cases import DATASETS, register_use_case, registered_use_case, remove_use_case, set_retention
from fleet.errors import ConflictError
from simulator.persistence.model.simulated_set import SimulatedSet

Block = Mapping[str, npt.NDArray[Any]]


class SetsOverlapError(ConflictError):
    """A row of the set is stored in another set: the source was changed after that one was loaded."""

    def __init__(self, use_case: str, name: str) -> None:
        super().__init__(
            f"Rows of the {name} set of '{use_case}' are stored in another set: its source has changed",
            "Give the changed definition a name of its own",
        )


class SampleRepository:
    """Samples and targets of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def register(self, use_case: UseCase, retention: Retention | None = None) -> None:
        """Make the tables of a use case, with the three set names, unless they are there.

        retention: how long its things are kept from now on; for good unless given.
        """
        register_use_case(self._session, use_case)
        set_retention(self._session, use_case.name, retention or Retention())
        self.name_sets(use_case)

    def name_sets(self, use_case: UseCase) -> int:
        """Write the names of the three sets; returns how many there are."""
        datasets = use_case_tables(use_case).datasets
        rows = [{"dataset_id": number, "name": name} for name, number in DATASETS.items()]
        upsert = insert(datasets).values(rows)
        self._session.execute(
            upsert.on_conflict_do_update(
                index_elements=[datasets.c.dataset_id], set_={"name": upsert.excluded.name}
            )
        )
        return len(rows)

    def sizes(self, use_case: UseCase) -> dict[str, int]:
        """Stored samples by set name."""
        return set_sizes(self._session, use_case)

    def registered(self, name: str) -> UseCase | None:
        """The use case as it is registered, if it is."""
        return registered_use_case(self._session, name)

    def remove(self, use_case: UseCase) -> int:
        """Drop all that there is of a use case but its files; returns how many deployments it had."""
        return remove_use_case(self._session, use_case)

    def replace(
        self, use_case: UseCase, name: SetName, rows: SimulatedSet, digest: bytes | None = None
    ) -> int:
        """Put these rows where the simulated rows of the set were; live rows stay. Returns their number.

        digest: of the file that they are from; the rows of a former file go, in the other sets too, for the
        same number means another row now. Raises SetsOverlapError.
        """
        self.name_sets(use_case)
        self._forget_former_file(use_case, digest)
        dataset_id = lock_set(self._session, use_case, name, replacing=True)
        tables = use_case_tables(use_case)
        self._delete(use_case, tables.samples.c.dataset_id == dataset_id)
        try:
            copy_in(self._session, tables.samples, _sample_blocks(use_case, DATASETS[name], rows))
        except UniqueViolation as error:
            raise SetsOverlapError(use_case.name, name) from error
        return copy_in(self._session, tables.targets, _target_blocks(use_case, rows))

    def _forget_former_file(self, use_case: UseCase, digest: bytes | None) -> None:
        row = self._session.get_one(UseCaseRow, use_case.name, with_for_update={"key_share": True})
        if row.source_digest == digest:
            return
        for each in DATASETS:
            lock_set(self._session, use_case, cast(SetName, each), replacing=True)
        self._delete(use_case, true())
        row.source_digest = digest

    def _delete(self, use_case: UseCase, which: ColumnElement[bool]) -> None:
        """Those of the simulated rows. That they have decided is forgotten: rows that get their numbers are
        others."""
        samples = use_case_tables(use_case).samples
        simulated = which & (samples.c.origin == "simulated")
        decided = (DecidedRow.use_case == use_case.name) & (DecidedRow.sample_index == samples.c.sample_index)
        self._session.execute(delete(DecidedRow).where(decided, simulated))
        self._session.execute(delete(samples).where(simulated))


def _slices(rows: SimulatedSet, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, len(rows.sample_index), size))


def _sample_blocks(use_case: UseCase, dataset_id: int, rows: SimulatedSet) -> Iterator[Block]:
    names = [
        [as_stored(name) for name in (*feature.categories, *rows.unlisted.get(feature.name, ()))]
        for feature in use_case.features
    ]
    for part in _slices(rows, rows_at_once(use_case.features)):
        index = rows.sample_index[part]
        block: dict[str, npt.NDArray[Any]] = {
            "dataset_id": np.full(len(index), dataset_id),
            "sample_index": index,
            "origin": np.full(len(index), b"simulated"),
        }
        for column, feature in enumerate(use_case.features):
            block[feature.name] = _stored(feature, rows.features[part, column], names[column])
        yield block


def _stored(feature: Feature, values: npt.NDArray[np.float64], names: Sequence[str]) -> npt.NDArray[Any]:
    """A column's values as PostgreSQL takes them. names: of a category, by position."""
    if feature.type is FeatureType.CATEGORY:
        return to_names(names, values)
    return np.rint(values) if feature.type is FeatureType.INTEGER else values


def _target_blocks(use_case: UseCase, rows: SimulatedSet) -> Iterator[Block]:
    integer = use_case.task is Task.CLASSIFICATION
    # Nobody reads targets in load order, and in this order the foreign key is checked in half the time.
    by_index = np.argsort(rows.sample_index)
    for part in _slices(rows, MOST_ROWS):
        index, target = rows.sample_index[by_index[part]], rows.target[by_index[part]]
        yield {
            "sample_index": index,
            "target_index": index,
            "class": target.astype(np.int64) if integer else target,
        }
