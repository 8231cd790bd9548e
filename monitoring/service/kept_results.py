"""What monitoring has found, to be read again."""

from fleet.paging import Page, PageRequest
from monitoring.persistence.model.result import KeptResult, WholeResult
from monitoring.service.ports import Units


class KeptResults:
    """Every result that was given and is still kept. units: opens a transaction."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[KeptResult]:
        """The newest first. use_case: only its own. Raises InvalidPageTokenError."""
        with self._units() as work:
            return work.results.page(asked, use_case=use_case)

    def find(self, result_id: int) -> WholeResult:
        """Raises ResultNotFoundError."""
        with self._units() as work:
            return work.results.find(result_id)
