"""Reads the rows that models are searched on."""

import numpy as np
from sqlalchemy.orm import Session

from db.definition import Task, UseCase
from db.sets import read_set
from db.use_cases import find_use_case
from fleet.errors import ConflictError
from tracking.persistence.model.search import TrainingSet


class TrainingSetMissingError(ConflictError):
    """The use case has no training rows yet."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"The training set of use case '{use_case}' is not loaded",
            'Load it first: POST {"set_name": "training"} to the simulator',
        )


class TrainingSetRepository:
    """Training sets of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, use_case_name: str) -> UseCase:
        """The registered use case; raises UnknownUseCaseError."""
        return find_use_case(self._session, use_case_name)

    def read(self, use_case: UseCase) -> TrainingSet:
        """The rows whose target is known, in the order in which they were loaded.

        Raises TrainingSetMissingError.
        """
        rows = read_set(self._session, use_case, "training")
        known = ~np.isnan(rows.target)
        if not known.any():
            raise TrainingSetMissingError(use_case.name)
        target = rows.target[known]
        return TrainingSet(
            use_case=use_case.name,
            feature_names=use_case.feature_names,
            features=rows.features[known],
            target=target.astype(np.int64) if use_case.task is Task.CLASSIFICATION else target,
            task=use_case.task.value,
            categories=use_case.category_counts,
            category_names=tuple(feature.categories for feature in use_case.features),
        )
