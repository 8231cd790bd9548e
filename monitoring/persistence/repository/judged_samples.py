"""Testing and production with predictions, as PostgreSQL holds them."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, exists, select, true
from sqlalchemy.orm import Session

from db.definition import Task, UseCase
from db.sets import SampleBlock, SetName, lock_set, read_blocks, set_sizes, unlisted_names
from db.shared import ActivationRow, DeploymentRow
from db.tables import use_case_tables
from db.use_cases import DATASETS, UnknownDeploymentError, find_use_case
from fleet.errors import ConflictError, FleetError
from monitoring.persistence.model.judged_sets import PREDICTION, TARGET, JudgedSets

REFERENCE: SetName = "testing"
CURRENT: SetName = "production"
SETS = (REFERENCE, CURRENT)


class NotLoadedError(ConflictError):
    """A set that is compared holds no samples."""

    def __init__(self, use_case: str, names: Sequence[str]) -> None:
        calls = " and ".join(f'{{"set_name": "{name}"}}' for name in names)
        super().__init__(
            f"Use case '{use_case}' has no samples in: {', '.join(names)}",
            f"Load with POST /root/simulator {calls}, then score with POST /root/ml",
        )


class NotScoredError(ConflictError):
    """No deployment has predicted samples of both sets, or the one that is to be judged has not."""

    def __init__(self, use_case: str, deployment_id: int | None = None) -> None:
        if deployment_id is None:
            who = f"No model of use case '{use_case}' has"
            what = (
                "Set a model with POST /root/ml/set_model, unless one is set; then call POST /root/ml with "
                f'{{"dataset": "training"}}, {{"dataset": "{REFERENCE}"}} and {{"dataset": "{CURRENT}"}}'
            )
        else:
            who = f"Deployment {deployment_id} of use case '{use_case}' has not"
            own = {"deployment_id": deployment_id, "use_case": use_case}
            calls = " and ".join(json.dumps({"dataset": name, **own}) for name in SETS)
            what = f"Call POST /root/ml with {calls}, or leave 'deployment_id' out"
        super().__init__(f"{who} scored both {REFERENCE} and {CURRENT}", what)


class JudgedSampleRepository:
    """Predicted samples of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str) -> UseCase:
        """The registered use case; raises UnknownUseCaseError."""
        return find_use_case(self._session, name)

    def read(self, use_case: UseCase, asked: int | None = None) -> JudgedSets:
        """Both sets, with the predictions of the deployment that is asked for, if any; else of the live one
        if it has scored both, else of the newest that has.

        Raises NotLoadedError, NotScoredError, UnknownDeploymentError.
        """
        for name in SETS:  # a reload between the two reads would give sets that never met
            lock_set(self._session, use_case, name, replacing=False)
        deployment_id = self._scored_deployment(use_case, asked)
        if deployment_id is None:
            raise self._what_is_missing(use_case, asked)
        return JudgedSets(
            deployment_id=deployment_id,
            reference=self._frame(use_case, REFERENCE, deployment_id),
            current=self._frame(use_case, CURRENT, deployment_id),
            features=use_case.feature_names,
            classifies=use_case.task is Task.CLASSIFICATION,
            categories={each.name: each.categories for each in use_case.features if each.categories},
            unlisted=unlisted_names(self._session, use_case, CURRENT),
        )

    def _scored_deployment(self, use_case: UseCase, asked: int | None) -> int | None:
        is_live = exists().where(
            ActivationRow.deployment_id == DeploymentRow.id,
            ActivationRow.role == "active",
            ActivationRow.until.is_(None),
        )
        return self._session.scalar(
            select(DeploymentRow.id)
            .where(DeploymentRow.use_case == use_case.name)
            .where(DeploymentRow.id == asked if asked is not None else true())
            .where(*(_has_scored(use_case, name) for name in SETS))
            .order_by(is_live.desc(), DeploymentRow.set_at.desc(), DeploymentRow.id.desc())
            .limit(1)
        )

    def _what_is_missing(self, use_case: UseCase, asked: int | None) -> FleetError:
        if asked is not None and not self._is_deployment(use_case, asked):
            return UnknownDeploymentError(asked, use_case.name)
        sizes = set_sizes(self._session, use_case)
        empty = [name for name in SETS if not sizes.get(name)]
        return NotLoadedError(use_case.name, empty) if empty else NotScoredError(use_case.name, asked)

    def _is_deployment(self, use_case: UseCase, deployment_id: int) -> bool:
        found = self._session.get(DeploymentRow, deployment_id)
        return found is not None and found.use_case == use_case.name

    def _frame(self, use_case: UseCase, name: SetName, deployment_id: int) -> pd.DataFrame:
        blocks = read_blocks(self._session, use_case, name, predicted_by=deployment_id, tell_unlisted=True)
        frame = pd.concat([_frame(block, use_case) for block in blocks], ignore_index=True)
        return frame if frame[TARGET].isna().any() else frame.astype({TARGET: frame[PREDICTION].dtype})


def _has_scored(use_case: UseCase, name: SetName) -> ColumnElement[bool]:
    """Whether the outer query's deployment has predicted a sample of the set."""
    tables = use_case_tables(use_case)
    predictions, samples = tables.predictions, tables.samples
    return exists(
        select(predictions.c.prediction_id)
        .join(samples, samples.c.sample_index == predictions.c.sample_index)
        .where(predictions.c.deployment_id == DeploymentRow.id, samples.c.dataset_id == DATASETS[name])
    )


def _frame(block: SampleBlock, use_case: UseCase) -> pd.DataFrame:
    kind = np.int64 if use_case.task is Task.CLASSIFICATION else np.float64
    frame = pd.DataFrame(block.features, columns=list(use_case.feature_names))
    frame[TARGET] = block.target
    frame[PREDICTION] = block.prediction.astype(kind)
    return frame
