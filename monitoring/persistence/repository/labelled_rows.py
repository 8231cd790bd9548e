"""Production rows whose truth is known, and those of them that have decided."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, any_, cast, exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.loop import DecidedRow
from db.tables import use_case_tables
from db.use_cases import DATASETS

TRAINING, PRODUCTION = DATASETS["training"], DATASETS["production"]


class Digests(NamedTuple):
    """Of a labelled row, 64 bits each: equal rows have equal ones. truly: of its features with its truth."""

    features: int
    truly: int


class LabelledRows:
    """Of every use case, in the session's transaction.

    A mark is the target_id of the truth that came in last: what comes in later has a higher one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def mark(self, use_case: UseCase) -> int:
        """As of now; 0 if nothing is known."""
        targets = use_case_tables(use_case).targets
        return self._session.scalar(select(func.coalesce(func.max(targets.c.target_id), 0))) or 0

    def newest_undecided(self, use_case: UseCase, limit: int) -> list[int]:
        """sample_index of those that have decided nothing yet, the newest row first."""
        tables = use_case_tables(use_case)
        query = self._labelled(use_case).where(_undecided(use_case))
        return list(self._session.scalars(query.order_by(tables.samples.c.sample_id.desc()).limit(limit)))

    def after(self, use_case: UseCase, mark: int, limit: int, *, undecided: bool) -> list[int]:
        """sample_index of those whose truth came in after the mark, the oldest first."""
        targets = use_case_tables(use_case).targets
        query = self._labelled(use_case).where(targets.c.target_id > mark)
        if undecided:
            query = query.where(_undecided(use_case))
        return list(self._session.scalars(query.order_by(targets.c.target_id).limit(limit)))

    def reserve(self, use_case: UseCase, numbers: Sequence[int], loop_id: int, look: int) -> None:
        """Have them decide in a loop; PostgreSQL refuses those that did so before."""
        if numbers:
            rows = [
                {"use_case": use_case.name, "sample_index": number, "loop_id": loop_id, "look": look}
                for number in numbers
            ]
            self._session.execute(insert(DecidedRow), rows)

    def reserved(self, loop_id: int) -> list[int]:
        """sample_index of the rows that decide in a loop, ascending."""
        query = select(DecidedRow.sample_index).where(DecidedRow.loop_id == loop_id)
        return list(self._session.scalars(query.order_by(DecidedRow.sample_index)))

    def digests(self, use_case: UseCase, numbers: Collection[int]) -> dict[int, Digests]:
        """By sample_index, of those of the rows whose truth is known, in the order of their numbers."""
        tables = use_case_tables(use_case)
        features, truth = _features(use_case), tables.targets.c["class"]
        query = self._labelled(use_case).add_columns(_digest(*features), _digest(*features, truth))
        query = query.where(_is_one_of(tables.samples.c.sample_index, numbers))
        found = {number: Digests(*both) for number, *both in self._session.execute(query)}
        return {number: found[number] for number in numbers if number in found}

    def equal_to(self, use_case: UseCase, features: Collection[int]) -> list[int]:
        """sample_index of all production rows with such features that have decided nothing, whether their
        truth is known or not. Reads all of production."""
        samples = use_case_tables(use_case).samples
        query = select(samples.c.sample_index).where(samples.c.dataset_id == PRODUCTION)
        query = query.where(_is_one_of(_digest(*_features(use_case)), features), _undecided(use_case))
        return list(self._session.scalars(query))

    def learned(self, use_case: UseCase, features: Collection[int], mark: int, loop_id: int) -> set[int]:
        """Which of these features occur in rows that the loop's challenger may have learned from: training's,
        and production's whose truth had come in by the mark. Reads all of both."""
        tables = use_case_tables(use_case)
        samples, targets = tables.samples, tables.targets
        digest = _digest(*_features(use_case))
        decides = exists().where(
            DecidedRow.use_case == use_case.name,
            DecidedRow.sample_index == samples.c.sample_index,
            DecidedRow.loop_id == loop_id,
        )
        of_production = (samples.c.dataset_id == PRODUCTION) & (targets.c.target_id <= mark) & ~decides
        query = select(digest).join_from(samples, targets, targets.c.sample_index == samples.c.sample_index)
        query = query.where((samples.c.dataset_id == TRAINING) | of_production, _is_one_of(digest, features))
        return set(self._session.scalars(query))

    def training_rows(self, use_case: UseCase) -> tuple[int, int]:
        """How many rows training has, and how many different ones."""
        samples = use_case_tables(use_case).samples
        digest = _digest(*_features(use_case))
        query = select(func.count(), func.count(digest.distinct())).where(samples.c.dataset_id == TRAINING)
        rows, different = self._session.execute(query).one()
        return rows, different

    def _labelled(self, use_case: UseCase) -> Select[tuple[int]]:
        tables = use_case_tables(use_case)
        samples, targets = tables.samples, tables.targets
        return (
            select(samples.c.sample_index)
            .join(targets, targets.c.sample_index == samples.c.sample_index)
            .where(samples.c.dataset_id == PRODUCTION)
        )


def _undecided(use_case: UseCase) -> ColumnElement[bool]:
    samples = use_case_tables(use_case).samples
    return ~exists().where(
        DecidedRow.use_case == use_case.name, DecidedRow.sample_index == samples.c.sample_index
    )


def _features(use_case: UseCase) -> list[ColumnElement[object]]:
    samples = use_case_tables(use_case).samples
    return [samples.c[name] for name in use_case.feature_names]


def _digest(*columns: ColumnElement[object]) -> ColumnElement[int]:
    return func.hash_record_extended(func.row(*columns), 0, type_=BigInteger)


def _is_one_of(column: ColumnElement[int], numbers: Collection[int]) -> ColumnElement[bool]:
    # As one text: SQLAlchemy takes a second to write ten thousand literals.
    return column == any_(cast(literal(f"{{{','.join(map(str, numbers))}}}"), ARRAY(BigInteger)))
