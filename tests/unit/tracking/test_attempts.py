"""A search that is taken up again."""

from dataclasses import replace
from typing import cast

import pytest

from db.definition import UseCase
from fleet.jobs import Work
from tests.callers import ALICE
from tests.unit.tracking.fakes import FakeMlflow
from tests.unit.tracking.test_optimisation import FakeUnitOfWork, make_request, means
from tracking.persistence.model.search import TrainingSet
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.optimisation import OptimisationService


class ChangingRows(FakeUnitOfWork):
    """The training set is snapshot 1 at first, and another one each time that it is read again."""

    def __init__(self, training: TrainingSet) -> None:
        super().__init__(training)
        self.asked: list[int | None] = []

    def read(self, use_case: UseCase, snapshot_id: int | None, *, actor: str) -> TrainingSet:
        self.asked.append(snapshot_id)
        read = super().read(use_case, snapshot_id, actor=actor)
        return replace(read, snapshot_id=snapshot_id or len(self.asked), snapshot_digest="0" * 64)


@pytest.mark.parametrize("asked", [None, 5])
def test_every_attempt_learns_from_the_same_rows(wine: TrainingSet, asked: int | None) -> None:
    rows, log = ChangingRows(wine), FakeMlflow()

    unit = cast(TrackingUnitOfWork, rows)
    service = OptimisationService(lambda: unit, log, bounds=Bounds(1000, 10_000), means=means())
    for attempt in (1, 2):
        job = Work("job", attempt, {}, ALICE, lambda *_: None, lambda _: None)
        service.optimise(make_request(snapshot_id=asked), job)
    assert rows.asked == [asked, asked or 1]
