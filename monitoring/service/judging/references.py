"""References of deployments, worked out once: kept in PostgreSQL and in memory until their rows change."""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Literal

import numpy as np

from db.definition import UseCase
from db.sets import RowRange
from db.snapshots import SnapshotChangedError
from fleet.errors import ConflictError
from monitoring.persistence.model.judged_rows import JudgedRows
from monitoring.persistence.model.window import Reference, Window
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.judging.reference import ReferenceFigures, reference_of
from monitoring.service.judging.stored_figures import LAYOUT, from_bytes, to_bytes

MOST_IN_MEMORY = 2**28  # bytes, of all that are kept there
MOST_STORED = 2**26  # more is sooner worked out again: PostgreSQL takes them as text, in its memory

Sets = Literal["both", "training", "testing"]
SETS: dict[Sets, list[str]] = {
    "both": ["training", "testing"],
    "training": ["training"],
    "testing": ["testing"],
}
CHANGED = "testing alone: the rows that the deployment learned from are not what they were"
NOT_KNOWN = "testing alone: it is not known which rows the deployment learned from"
NOT_OUT_OF_FOLD = "predictions and losses of testing alone: none are known out of fold"


class NoReferenceError(ConflictError):
    """Of what the deployment predicts where nothing has changed, nothing is known."""

    def __init__(self, deployment_id: int, use_case: str, what: str, to_do: str) -> None:
        who = f"Deployment {deployment_id} of use case '{use_case}'"
        super().__init__(f"{who} has predicted no row of {what}", to_do)


class References:
    """Figures of references. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], tuple[str, int, ReferenceFigures]] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self,
        work: MonitoringUnitOfWork,
        use_case: UseCase,
        deployment_id: int,
        reference: Reference | None,
    ) -> ReferenceFigures:
        """A deployment's; reference: None for training and testing. Raises NoReferenceError,
        EmptyWindowError."""
        if reference is not None and not isinstance(reference, str):
            return self._of_window(work, use_case, deployment_id, reference)
        sets: Sets = reference or "both"
        version = f"{LAYOUT}:{work.judged.version(use_case, deployment_id)}"
        found = self._remembered(deployment_id, sets, version)
        if found is None:
            stored = work.reference_figures.find(deployment_id, sets, version)
            if stored is None:
                found = self._made(work, use_case, deployment_id, sets)
                stored = to_bytes(found)
                if len(stored) <= MOST_STORED:
                    work.reference_figures.keep(deployment_id, sets, version, stored)
            else:
                found = from_bytes(stored)
            self._remember(deployment_id, sets, version, found, len(stored))
        return found

    def _of_window(
        self, work: MonitoringUnitOfWork, use_case: UseCase, deployment_id: int, window: Window
    ) -> ReferenceFigures:
        found = work.windows.find(use_case, window)
        rows = work.judged.read(use_case, [found.range], deployment_id)[0]
        figures = reference_of(use_case, rows)
        if not figures.predicted:
            what = f"the window {window.as_dict()}, which is its reference"
            to_do = "Name another window, or leave 'reference' out"
            raise NoReferenceError(deployment_id, use_case.name, what, to_do)
        told = {**figures.told, "window": window.as_dict(), "first_id": found.ids[0], "last_id": found.ids[1]}
        return replace(figures, told=told)

    def _made(
        self, work: MonitoringUnitOfWork, use_case: UseCase, deployment_id: int, sets: Sets
    ) -> ReferenceFigures:
        learned, note = self._learned(work, use_case, deployment_id) if sets != "testing" else (None, None)
        if sets == "training" and learned is not None:
            tested = _no_rows(use_case)
        else:
            tested = work.judged.read(use_case, [RowRange("testing")], deployment_id)[0]
        figures = reference_of(use_case, tested, learned)
        if not figures.predicted:
            to_do = (
                f'Call POST /root/ml with {{"dataset": "testing", "deployment_id": {deployment_id}, '
                f'"use_case": "{use_case.name}"}}, or leave \'reference\' out'
            )
            raise NoReferenceError(deployment_id, use_case.name, " and ".join(SETS[sets]), to_do)
        used = SETS[sets] if learned is not None or sets == "testing" else ["testing"]
        said = {"note": note} if note else {}
        return replace(figures, told={"sets": used, **figures.told, **said})

    def _learned(
        self, work: MonitoringUnitOfWork, use_case: UseCase, deployment_id: int
    ) -> tuple[JudgedRows | None, str | None]:
        """The rows that it learned from, and what is to be said of them."""
        try:
            learned = work.judged.learned(use_case, deployment_id)
        except SnapshotChangedError:
            return None, CHANGED
        if learned is None:
            return None, NOT_KNOWN
        return learned, None if learned.predicted.any() else NOT_OUT_OF_FOLD

    def _remembered(self, deployment_id: int, sets: Sets, version: str) -> ReferenceFigures | None:
        with self._lock:
            kept = self._kept.get((deployment_id, sets))
            if kept is None or kept[0] != version:
                return None
            self._kept.move_to_end((deployment_id, sets))
            return kept[2]

    def _remember(
        self, deployment_id: int, sets: Sets, version: str, figures: ReferenceFigures, size: int
    ) -> None:
        with self._lock:
            self._kept[deployment_id, sets] = version, size, figures
            self._kept.move_to_end((deployment_id, sets))
            while len(self._kept) > 1 and sum(size for _, size, _ in self._kept.values()) > MOST_IN_MEMORY:
                self._kept.popitem(last=False)


def _no_rows(use_case: UseCase) -> JudgedRows:
    nothing = np.empty(0)
    return JudgedRows(np.empty((0, len(use_case.features))), nothing, nothing, nothing)
