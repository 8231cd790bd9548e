"""The rows that models may learn from, fixed at a moment."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from db.snapshots import Snapshot
from fleet.caller import Caller
from fleet.paging import Page, PageRequest
from ml_model.persistence.unit_of_work import MlModelUnitOfWork


class Snapshots:
    """units: opens a transaction."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork]) -> None:
        self._units = units

    def take(self, name: str, until: datetime | Literal["now"] | None, *, caller: Caller) -> Snapshot:
        """Fix the training set as it is and, with `until`, the labelled production rows up to then.

        Raises NothingToLearnError.
        """
        with self._units() as work:
            use_case = work.samples.find(name)
            moment = work.snapshots.now() if until == "now" else until
            snapshot = work.snapshots.take(use_case, moment, actor=caller.name).snapshot
            work.commit()
        return snapshot

    def page(self, name: str, asked: PageRequest) -> Page[Snapshot]:
        """Snapshots of a use case, the newest first."""
        with self._units() as work:
            return work.snapshots.page(work.samples.find(name).name, asked)

    def find(self, name: str, snapshot_id: int) -> Snapshot:
        """Raises UnknownSnapshotError."""
        with self._units() as work:
            return work.snapshots.find(work.samples.find(name).name, snapshot_id)
