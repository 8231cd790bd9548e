"""Which deployment is judged, found by a few looks into indexes, however many rows there are."""

from collections.abc import Sequence

from sqlalchemy import Select, exists, func, select, union_all
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.live import IS_LIVE
from db.sets import RowRange
from db.shared import ActivationRow, DeploymentRow
from db.tables import FIRST_LIVE_INDEX, use_case_tables

LOOKED_AT = 100  # rows from each end of a range: sets are scored as a whole, live rows as they come


class ScoredDeployments:
    """Deployments and what they have predicted, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def newest(self, use_case: UseCase, sides: Sequence[RowRange]) -> int | None:
        """The live deployment if it has predicted rows of all sides, else the newest that has."""
        ends = [self._ends(use_case, rows) for rows in sides]
        # One by one: as a single query, PostgreSQL joins them with all predictions.
        for deployment_id in self._session.scalars(_newest_first(use_case)).all():
            if all(
                self._has_predicted(use_case, deployment_id, rows, numbers)
                for rows, numbers in zip(sides, ends, strict=True)
            ):
                return deployment_id
        return None

    def is_deployment(self, use_case: UseCase, deployment_id: int) -> bool:
        """Whether the use case has a deployment of that id."""
        found = self._session.get(DeploymentRow, deployment_id)
        return found is not None and found.use_case == use_case.name

    def _has_predicted(
        self, use_case: UseCase, deployment_id: int, rows: RowRange, numbers: Sequence[int]
    ) -> bool:
        """Whether a deployment has predicted one of these rows of the range; of all of production, a live row
        anywhere does too."""
        predictions = use_case_tables(use_case).predictions
        number, own = predictions.c.sample_index, predictions.c.deployment_id == deployment_id
        newest = self._session.scalar(select(func.max(number)).where(own))
        if newest is None:
            return False
        if rows == RowRange("production") and newest >= FIRST_LIVE_INDEX:
            return True
        asked = number == func.any(array(numbers, type_=number.type))
        return self._session.scalar(select(number).where(own, asked).limit(1)) is not None

    def _ends(self, use_case: UseCase, rows: RowRange) -> list[int]:
        ends = (rows.end(use_case, LOOKED_AT, last=last) for last in (False, True))
        return list(self._session.scalars(union_all(*(select(end.subquery()) for end in ends))))


def _newest_first(use_case: UseCase) -> Select[int]:
    is_live = exists().where(ActivationRow.deployment_id == DeploymentRow.id, IS_LIVE)
    return (
        select(DeploymentRow.id)
        .where(DeploymentRow.use_case == use_case.name)
        .order_by(is_live.desc(), DeploymentRow.set_at.desc(), DeploymentRow.id.desc())
    )
