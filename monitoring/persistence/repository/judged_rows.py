"""Rows that verdicts are about, in arrays: windows, testing, and what a deployment learned from."""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.lookups import looked_up
from db.loop import DeploymentReferenceRow
from db.references import ReferenceRepository
from db.sets import (
    RowRange,
    SampleBlock,
    SetName,
    lock_set,
    read_numbered,
    read_predictions,
    read_rows,
    read_targets,
)
from db.shared import DeploymentRow
from db.snapshots import SnapshotRepository
from db.tables import use_case_tables
from db.use_cases import DATASETS
from monitoring.persistence.model.judged_rows import JudgedRows

Integers = NDArray[np.int64]
REFERENCE_SETS: tuple[SetName, ...] = ("training", "testing")


class JudgedRowRepository:
    """Rows of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._snapshots = SnapshotRepository(session)

    def hold(self, use_case: UseCase) -> None:
        """Keep the simulator from replacing any set until the transaction ends."""
        for name in DATASETS:
            lock_set(self._session, use_case, cast(SetName, name), replacing=False)

    def read(self, use_case: UseCase, ranges: Sequence[RowRange], deployment_id: int) -> list[JudgedRows]:
        """The rows of each range, and what a deployment said of them."""
        parts = [read_rows(self._session, use_case, each) for each in ranges]
        numbers = np.concatenate([part.sample_index for part in parts])
        told = use_case_tables(use_case).predictions
        known = (
            read_targets(self._session, use_case, numbers),
            read_predictions(self._session, use_case, deployment_id, numbers),
            looked_up(self._session, told.c.probability, numbers, told.c.deployment_id == deployment_id),
        )
        ends = np.cumsum([len(part) for part in parts])[:-1]
        columns = zip(*(np.split(each, ends) for each in known), strict=True)
        return [JudgedRows(part.features, *own) for part, own in zip(parts, columns, strict=True)]

    def learned(self, use_case: UseCase, deployment_id: int) -> JudgedRows | None:
        """The rows that a deployment learned from, and what was said of them out of fold, if that was made.

        None if no snapshot of them was taken. Raises SnapshotChangedError.
        """
        snapshot_id = self._snapshot_of(deployment_id)
        if snapshot_id is None:
            return None
        chosen = self._snapshots.production_rows(use_case.name, snapshot_id)
        parts = [read_rows(self._session, use_case, RowRange("training"))]
        if len(chosen):
            parts.append(read_numbered(self._session, use_case, "production", chosen))
        numbers = np.concatenate([part.sample_index for part in parts])
        target = read_targets(self._session, use_case, numbers)
        known = ~np.isnan(target)
        features = np.concatenate([part.features for part in parts])[known]
        rows = SampleBlock(numbers[known], _without_unlisted(use_case, features), target[known])
        self._snapshots.check(use_case.name, snapshot_id, rows)
        kept = ReferenceRepository(self._session).find(deployment_id)
        unknown = np.full(len(features), np.nan)
        said = unknown if kept is None else kept.predictions
        sure = unknown if kept is None or kept.probabilities is None else kept.probabilities
        return JudgedRows(features, rows.target, said, sure)

    def version(self, use_case: UseCase, deployment_id: int) -> str:
        """Another one when rows of training or testing, or production rows that the deployment learned from,
        their truth, or what the deployment said of testing has changed."""
        session, row = self._session, DeploymentReferenceRow
        snapshot_id = self._snapshot_of(deployment_id)
        told: list[Any] = [use_case.feature_names, snapshot_id]
        told.append(session.scalar(select(row.made_at).where(row.deployment_id == deployment_id)))
        told += [self._state(use_case, RowRange(name), deployment_id) for name in REFERENCE_SETS]
        if snapshot_id is not None:
            chosen = self._snapshots.production_rows(use_case.name, snapshot_id)
            if len(chosen):
                told.append(self._state_of(use_case, chosen))
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _state_of(self, use_case: UseCase, numbers: Integers) -> str:
        """Changes with chosen rows and their truth; of the rows between them nothing is read."""
        ids = looked_up(self._session, use_case_tables(use_case).samples.c.sample_id, numbers)
        known = read_targets(self._session, use_case, numbers)
        return hashlib.sha256(ids.tobytes() + known.tobytes()).hexdigest()

    def _snapshot_of(self, deployment_id: int) -> int | None:
        return self._session.scalar(
            select(DeploymentRow.snapshot_id).where(DeploymentRow.id == deployment_id)
        )

    def _state(self, use_case: UseCase, rows: RowRange, deployment_id: int) -> list[Any]:
        """Figures that change with the rows, their truth and a deployment's predictions of them: rows are
        stored once and never changed, truth is."""
        tables = use_case_tables(use_case)
        samples, targets, predictions = tables.samples, tables.targets, tables.predictions
        conditions = rows.conditions(use_case)
        ids, numbers = samples.c.sample_id, samples.c.sample_index
        ends = func.min(ids), func.max(ids), func.min(numbers), func.max(numbers)
        found: list[Any] = [*self._session.execute(select(func.count(), *ends).where(*conditions)).one()]
        first, last = found[-2:]  # without which PostgreSQL might go through all of production's
        joined = (numbers == targets.c.sample_index) & targets.c.sample_index.between(first, last)
        truth = select(_digest(targets.c.target_id, targets.c["class"])).join_from(samples, targets, joined)
        found.append(self._session.scalar(truth.where(*conditions)))
        told = predictions.c.sample_index
        joined = (numbers == told) & told.between(first, last)
        joined &= predictions.c.deployment_id == deployment_id
        said = select(_digest(predictions.c.prediction_id)).join_from(samples, predictions, joined)
        found.append(self._session.scalar(said.where(*conditions)))
        return found


def _digest(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.bit_xor(func.hash_record_extended(func.row(*columns), 0))


def _without_unlisted(use_case: UseCase, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features as models are given them: a name that is not listed is missing."""
    listed = np.array([len(feature.categories) or np.nan for feature in use_case.features])
    return np.where(features >= listed, np.nan, features)
