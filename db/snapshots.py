"""Which rows a model may learn from, fixed at a moment: whoever is told of a snapshot reads the same rows."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from db.definition import UseCase
from db.loop import DecidedRow, LoopRow
from db.paging import newest_first
from db.records import as_record
from db.sets import SampleBlock, read_set
from db.shared import SnapshotRow
from db.tables import use_case_tables
from fleet.errors import ConflictError, NotFoundError
from fleet.paging import Page, PageRequest

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class UnknownSnapshotError(NotFoundError):
    """There is no snapshot of that id, or it is another use case's."""

    def __init__(self, snapshot_id: int, use_case: str) -> None:
        super().__init__(
            f"There is no snapshot {snapshot_id} of '{use_case}'",
            "Take one with POST /root/ml/snapshots, or name one that GET /root/ml/snapshots lists",
        )


class SnapshotChangedError(ConflictError):
    """Rows of a snapshot are gone, or are not what they were when it was taken."""

    def __init__(self, snapshot_id: int) -> None:
        super().__init__(
            f"The rows of snapshot {snapshot_id} are not what they were when it was taken",
            "A set was loaded anew, or a truth was corrected: take a new one with POST /root/ml/snapshots",
        )


class NothingToLearnError(ConflictError):
    """Neither the training set nor production has a row whose target is known."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"The training set of '{use_case}' has no labelled samples",
            'Call POST /root/simulator with {"set_name": "training"} first',
        )


@dataclass(frozen=True)
class Snapshot:
    """What is known of a snapshot.

    production_until: up to when production rows came in that are part of it, None if none are. rows: labelled
    rows in all. digest: SHA-256 of them.
    """

    id: int
    use_case: str
    production_until: datetime | None
    rows: int
    digest: str
    created_at: datetime
    actor: str


@dataclass(frozen=True)
class Lesson:
    """A snapshot and its rows. features: (rows, features), NaN where missing; target: (rows,), all known."""

    snapshot: Snapshot
    features: Floats
    target: Floats


class SnapshotRepository:
    """Snapshots of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, use_case: UseCase, until: datetime | None, *, actor: str) -> Lesson:
        """The labelled training rows as they are now and, with `until`, production's that came in up to then.

        Less those that decide in a loop which goes on. The same rows are the same snapshot, whoever asks.
        Raises NothingToLearnError.
        """
        training = read_set(self._session, use_case, "training")
        chosen = np.empty(0, np.int64) if until is None else self._production(use_case, until)
        rows = self._labelled(use_case, training, chosen)
        if not len(rows):
            raise NothingToLearnError(use_case.name)
        statement = (
            insert(SnapshotRow)
            .values(
                use_case=use_case.name,
                production_until=until,
                production_rows=None if until is None else _packed(chosen),
                rows=len(rows),
                digest=_digest(rows),
                actor=actor,
            )
            .on_conflict_do_nothing(index_elements=["use_case", "digest"])
        )
        self._session.execute(statement)
        row = self._session.scalars(
            select(SnapshotRow).where(
                SnapshotRow.use_case == use_case.name, SnapshotRow.digest == _digest(rows)
            )
        ).one()
        return Lesson(_snapshot(row), rows.features, rows.target)

    def read(self, use_case: UseCase, snapshot_id: int) -> Lesson:
        """The rows of a snapshot. Raises UnknownSnapshotError, SnapshotChangedError."""
        row = self._find(use_case.name, snapshot_id)
        chosen = self.production_rows(use_case.name, snapshot_id)
        rows = self._labelled(use_case, read_set(self._session, use_case, "training"), chosen)
        self.check(use_case.name, snapshot_id, rows)
        return Lesson(_snapshot(row), rows.features, rows.target)

    def production_rows(self, use_case: str, snapshot_id: int) -> Integers:
        """sample_index of the production rows that are part of a snapshot, ascending. Raises
        UnknownSnapshotError."""
        packed = self._find(use_case, snapshot_id).production_rows
        return np.empty(0, np.int64) if packed is None else _unpacked(packed)

    def check(self, use_case: str, snapshot_id: int, rows: SampleBlock) -> None:
        """Raises SnapshotChangedError unless rows, in their order, are those that it was taken of."""
        if _digest(rows) != bytes(self._find(use_case, snapshot_id).digest):
            raise SnapshotChangedError(snapshot_id)

    def find(self, use_case: str, snapshot_id: int) -> Snapshot:
        """Raises UnknownSnapshotError."""
        return _snapshot(self._find(use_case, snapshot_id))

    def page(self, use_case: str, asked: PageRequest) -> Page[Snapshot]:
        """Snapshots of a use case, the newest first."""
        query = select(SnapshotRow).where(SnapshotRow.use_case == use_case)
        return newest_first(self._session, query, [SnapshotRow.id], asked, lambda found: _snapshot(found[0]))

    def now(self) -> datetime:
        """PostgreSQL's time, by which rows come in."""
        moment: datetime = self._session.scalars(select(func.clock_timestamp())).one()
        return moment

    def _find(self, use_case: str, snapshot_id: int) -> SnapshotRow:
        row = self._session.get(SnapshotRow, snapshot_id, options=[undefer(SnapshotRow.production_rows)])
        if row is None or row.use_case != use_case:
            raise UnknownSnapshotError(snapshot_id, use_case)
        return row

    def _production(self, use_case: UseCase, until: datetime) -> Integers:
        """Numbers of the production rows that came in up to then and have a target, ascending.

        What decides between two models must be new to both: such rows are learned from after their loop.
        """
        tables = use_case_tables(use_case)
        samples, targets, datasets = tables.samples, tables.targets, tables.datasets
        query = (
            select(samples.c.sample_index)
            .join(targets, targets.c.sample_index == samples.c.sample_index)
            .join(datasets, datasets.c.dataset_id == samples.c.dataset_id)
            .where(datasets.c.name == "production", samples.c.created_at <= until)
            .where(samples.c.sample_index.not_in(_reserved(use_case)))
            .order_by(samples.c.sample_index)
        )
        return np.fromiter(self._session.scalars(query), np.int64)

    def _labelled(self, use_case: UseCase, training: SampleBlock, chosen: Integers) -> SampleBlock:
        """Rows whose target is known: training's in the order of loading, then the chosen of production."""
        parts = [training]
        if len(chosen):
            production = read_set(self._session, use_case, "production")
            parts.append(_only(production, np.isin(production.sample_index, chosen)))
        columns = ("sample_index", "features", "target")
        rows = SampleBlock(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
        return _only(rows, ~np.isnan(rows.target))


def _reserved(use_case: UseCase) -> Select[int]:
    """Numbers of the rows that decide in a loop which goes on."""
    return (
        select(DecidedRow.sample_index)
        .join(LoopRow, LoopRow.id == DecidedRow.loop_id)
        .where(DecidedRow.use_case == use_case.name, LoopRow.ended_at.is_(None))
    )


def _only(rows: SampleBlock, which: npt.NDArray[np.bool_]) -> SampleBlock:
    return SampleBlock(rows.sample_index[which], rows.features[which], rows.target[which])


def _digest(rows: SampleBlock) -> bytes:
    digest = hashlib.sha256()
    for column in (rows.sample_index, rows.features, rows.target):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.digest()


def _packed(numbers: Integers) -> bytes:
    return zlib.compress(numbers.astype("<i8").tobytes())


def _unpacked(packed: bytes) -> Integers:
    return np.frombuffer(zlib.decompress(packed), "<i8").astype(np.int64)


def _snapshot(row: SnapshotRow) -> Snapshot:
    return as_record(Snapshot, row, digest=row.digest.hex())
