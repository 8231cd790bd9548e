"""Two sets of rows with predictions, as PostgreSQL holds them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from sqlalchemy.orm import Session

from db.definition import Task, UseCase
from db.sets import RowRange, SetName, lock_set, read_predictions, read_rows, read_targets, unlisted_names
from db.use_cases import DATASETS, UnknownDeploymentError, find_use_case
from fleet.errors import ConflictError
from monitoring.persistence.model.judged_sets import PREDICTION, TARGET, JudgedSets
from monitoring.persistence.model.window import Reference, Window
from monitoring.persistence.repository.scored_deployments import ScoredDeployments
from monitoring.persistence.repository.windows import WindowRepository

if TYPE_CHECKING:
    import pandas as pd

CURRENT: SetName = "production"


class NotLoadedError(ConflictError):
    """A set that is compared holds no samples."""

    def __init__(self, use_case: str, names: Sequence[str]) -> None:
        calls = " and ".join(f'{{"set_name": "{name}"}}' for name in names)
        super().__init__(
            f"Use case '{use_case}' has no samples in: {', '.join(names)}",
            f"Load with POST /root/simulator {calls}, then score with POST /root/ml",
        )


class NotScoredError(ConflictError):
    """No deployment has predicted samples of both sides, or the one that is to be judged has not."""

    def __init__(self, use_case: str, reference: SetName, deployment_id: int | None = None) -> None:
        names = list(dict.fromkeys((reference, CURRENT)))
        if deployment_id is None:
            who = f"No model of use case '{use_case}' has"
            calls = ", ".join(json.dumps({"dataset": name}) for name in names if name != "training")
            what = (
                "Set a model with POST /root/ml/set_model, unless one is set; then call POST /root/ml with "
                f'{{"dataset": "training"}}, then {calls}'
            )
        else:
            who = f"Deployment {deployment_id} of use case '{use_case}' has not"
            own = {"deployment_id": deployment_id, "use_case": use_case}
            calls = " and ".join(json.dumps({"dataset": name, **own}) for name in names)
            what = f"Call POST /root/ml with {calls}, or leave 'deployment_id' out"
        both = f"both {names[0]} and {names[1]}" if len(names) > 1 else f"{names[0]} rows of both windows"
        super().__init__(f"{who} scored {both}", what)


class JudgedSampleRepository:
    """Predicted samples of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._windows = WindowRepository(session)
        self._scored = ScoredDeployments(session)

    def find(self, name: str) -> UseCase:
        """The registered use case; raises UnknownUseCaseError."""
        return find_use_case(self._session, name)

    def read(
        self,
        use_case: UseCase,
        asked: int | None = None,
        *,
        window: Window | None = None,
        reference: Reference = "testing",
    ) -> JudgedSets:
        """Both sides, with the predictions of the deployment that is asked for, if any; else of the live one
        if it has scored both, else of the newest that has.

        window: of production; all of it if None. Raises NotLoadedError, NotScoredError,
        UnknownDeploymentError, EmptyWindowError.
        """
        names: set[SetName] = {CURRENT, reference if isinstance(reference, str) else CURRENT}
        for name in sorted(names, key=list(DATASETS).index):
            # a reload between the two reads would give sets that never met
            lock_set(self._session, use_case, name, replacing=False)
        if asked is not None and not self._scored.is_deployment(use_case, asked):
            raise UnknownDeploymentError(asked, use_case.name)
        held = reference if isinstance(reference, str) else CURRENT
        self._refuse_empty(use_case, (held, CURRENT))
        sides = self._range(use_case, reference), self._range(use_case, window or CURRENT)
        deployment_id = self._scored.newest(use_case, sides) if asked is None else asked
        if deployment_id is None:
            raise NotScoredError(use_case.name, held)
        first, second = (self._frame(use_case, rows, deployment_id) for rows in sides)
        if not len(first) or not len(second):
            raise NotScoredError(use_case.name, held, asked)
        return JudgedSets(
            deployment_id=deployment_id,
            reference=first,
            current=second,
            features=use_case.feature_names,
            classifies=use_case.task is Task.CLASSIFICATION,
            categories={each.name: each.categories for each in use_case.features if each.categories},
            unlisted=unlisted_names(self._session, use_case, sides[1]),
        )

    def _range(self, use_case: UseCase, rows: Reference | Literal["production"]) -> RowRange:
        if isinstance(rows, str):
            return RowRange(rows)
        return self._windows.find(use_case, rows).range

    def _refuse_empty(self, use_case: UseCase, names: Sequence[SetName]) -> None:
        empty = [name for name in dict.fromkeys(names) if not self._windows.has_rows(use_case, name)]
        if empty:
            raise NotLoadedError(use_case.name, empty)

    def _frame(self, use_case: UseCase, which: RowRange, deployment_id: int) -> "pd.DataFrame":
        """Late, for the worker, which has no use for pandas, would keep it in memory all day."""
        import pandas as pd  # noqa: PLC0415

        rows = read_rows(self._session, use_case, which)
        features = rows.features
        prediction = read_predictions(self._session, use_case, deployment_id, rows.sample_index)
        target = read_targets(self._session, use_case, rows.sample_index)
        predicted = ~np.isnan(prediction)
        if not predicted.all():
            features, prediction, target = features[predicted], prediction[predicted], target[predicted]
        kind = np.int64 if use_case.task is Task.CLASSIFICATION else np.float64
        frame = pd.DataFrame(features, columns=list(use_case.feature_names), copy=False)
        frame[TARGET] = target if np.isnan(target).any() else target.astype(kind)
        frame[PREDICTION] = prediction.astype(kind)
        return frame
