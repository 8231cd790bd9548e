"""Requests and answers about the rows that models learn from."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import RequestModel, UseCaseName
from ml_model.web.deployment_schema import Moment

SNAPSHOT_EXAMPLE: JsonDict = {
    "id": 1,
    "use_case": "wine",
    "production_until": None,
    "rows": 106,
    "digest": "4f0c…",
    "created_at": "2026-01-31T12:00:00Z",
    "actor": "alice",
}


MOMENT = TypeAdapter[datetime](Moment)


def _moment_or_now(value: object) -> object:
    if value in ("now", None):
        return value
    try:
        return MOMENT.validate_python(value if isinstance(value, str) else "")
    except ValidationError as error:
        raise ValueError("write 'now', or a time as in 2026-01-31T12:00:05Z") from error


class SnapshotRequest(RequestModel):
    """`POST /root/ml/snapshots`. production_until: labelled production rows that came in up to then, too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"production_until": "now"}, {}]})

    production_until: Annotated[datetime | Literal["now"] | None, BeforeValidator(_moment_or_now)] = None
    use_case: UseCaseName = "wine"


class SnapshotsQuery(PageQuery):
    """`GET /root/ml/snapshots`."""

    use_case: UseCaseName = "wine"


class SnapshotQuery(RequestModel):
    """`GET /root/ml/snapshots/<id>`."""

    use_case: UseCaseName = "wine"


class SnapshotAnswer(AnswerModel):
    """Rows that a model may learn from. rows: labelled ones in all; digest: SHA-256 of them.

    production_until: up to when production's came in; null if it has the training set's alone.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [SNAPSHOT_EXAMPLE]})

    id: int
    use_case: str
    production_until: datetime | None
    rows: int
    digest: str
    created_at: datetime
    actor: str


class SnapshotsAnswer(PageAnswer):
    """Snapshots, the newest first."""

    snapshots: list[SnapshotAnswer]
