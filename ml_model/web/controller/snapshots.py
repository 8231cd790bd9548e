"""`/root/ml/snapshots`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.validation import accepts
from ml_model.service.snapshots import Snapshots as SnapshotService
from ml_model.web.snapshot_schema import (
    SnapshotAnswer,
    SnapshotQuery,
    SnapshotRequest,
    SnapshotsAnswer,
    SnapshotsQuery,
)


class Snapshots(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Rows that models may learn from."""

    def __init__(self, snapshots: SnapshotService) -> None:
        self._snapshots = snapshots

    @answers(SnapshotsAnswer, errors=[404, 503])
    @accepts(role="user", query=SnapshotsQuery)
    def get(self, query: SnapshotsQuery) -> dict[str, Any]:
        """List the snapshots of a use case, the newest first."""
        page = self._snapshots.page(query.use_case, query.page)
        told = [SnapshotAnswer.model_validate(each) for each in page.items]
        return SnapshotsAnswer(snapshots=told, next_page_token=page.next_token).model_dump(mode="json")

    @answers(SnapshotAnswer, status=201, errors=[404, 409, 429, 503])
    @accepts(role="admin", body=SnapshotRequest)
    @heavy
    def post(self, body: SnapshotRequest) -> tuple[dict[str, Any], int]:
        """Fix the labelled rows of training, and of production up to a time, for models to learn from.

        The same rows are the same snapshot.
        """
        taken = self._snapshots.take(body.use_case, body.production_until, caller=caller())
        return SnapshotAnswer.model_validate(taken).model_dump(mode="json"), 201


class OneSnapshot(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """One of them."""

    def __init__(self, snapshots: SnapshotService) -> None:
        self._snapshots = snapshots

    @answers(SnapshotAnswer, errors=[404, 503])
    @accepts(role="user", query=SnapshotQuery)
    def get(self, snapshot_id: int, query: SnapshotQuery) -> dict[str, Any]:
        """Describe a snapshot."""
        found = self._snapshots.find(query.use_case, snapshot_id)
        return SnapshotAnswer.model_validate(found).model_dump(mode="json")
