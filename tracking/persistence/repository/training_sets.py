"""Reads the rows that models are searched on."""

import numpy as np
from sqlalchemy.orm import Session

from db.definition import Task, UseCase
from db.snapshots import SnapshotRepository
from db.use_cases import find_use_case
from tracking.persistence.model.search import TrainingSet


class TrainingSetRepository:
    """Training sets of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._snapshots = SnapshotRepository(session)

    def find(self, use_case_name: str) -> UseCase:
        """The registered use case; raises UnknownUseCaseError."""
        return find_use_case(self._session, use_case_name)

    def read(self, use_case: UseCase, snapshot_id: int | None = None, *, actor: str) -> TrainingSet:
        """The rows of a snapshot, or of the training set as it is now, which is a snapshot from now on.

        Raises NothingToLearnError, UnknownSnapshotError, SnapshotChangedError.
        """
        if snapshot_id is None:
            lesson = self._snapshots.take(use_case, None, actor=actor)
        else:
            lesson = self._snapshots.read(use_case, snapshot_id)
        is_class = use_case.task is Task.CLASSIFICATION
        return TrainingSet(
            use_case=use_case.name,
            feature_names=use_case.feature_names,
            features=lesson.features,
            target=lesson.target.astype(np.int64) if is_class else lesson.target,
            task=use_case.task.value,
            categories=use_case.category_counts,
            category_names=tuple(feature.categories for feature in use_case.features),
            snapshot_id=lesson.snapshot.id,
            snapshot_digest=lesson.snapshot.digest,
        )
