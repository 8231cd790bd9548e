"""Who did what, to be read."""

from collections.abc import Callable

from db.audit import AuditEvent
from fleet.paging import Page, PageRequest
from ml_model.persistence.unit_of_work import MlModelUnitOfWork


class AuditTrail:
    """What every service of the fleet has written down. units: opens a transaction."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork]) -> None:
        self._units = units

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[AuditEvent]:
        """The newest first. use_case: only its events. Raises InvalidPageTokenError."""
        with self._units() as work:
            return work.audit.page(asked, use_case=use_case)
