"""Reads the rows that models are searched on."""

import numpy as np
from sqlalchemy.orm import Session

from db.definition import Task
from db.sets import read_set
from db.use_cases import find_use_case
from fleet.errors import ConflictError, InvalidRequestError
from tracking.persistence.model.search import TrainingSet


class TrainingSetMissingError(ConflictError):
    """The use case has no training rows yet."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"The training set of use case '{use_case}' is not loaded",
            'Load it first: POST {"set_name": "training"} to the simulator',
        )


class NoClassesError(InvalidRequestError):
    """The use case is not one that the catalogue's classifiers are for."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"Use case '{use_case}' predicts a number, not a class",
            "Optimise a use case of the task classification",
        )


class TrainingSetRepository:
    """Training sets of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, use_case_name: str) -> TrainingSet:
        """The rows whose class is known, in the order in which they were loaded.

        Raises UnknownUseCaseError, NoClassesError, TrainingSetMissingError.
        """
        use_case = find_use_case(self._session, use_case_name)
        if use_case.task is not Task.CLASSIFICATION:
            raise NoClassesError(use_case_name)
        rows = read_set(self._session, use_case, "training")
        known = ~np.isnan(rows.target)
        if not known.any():
            raise TrainingSetMissingError(use_case_name)
        return TrainingSet(
            use_case=use_case_name,
            feature_names=use_case.feature_names,
            features=rows.features[known],
            classes=rows.target[known].astype(np.int64),
        )
