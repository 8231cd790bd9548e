"""What every list of the REST interface takes and gives to be read a page at a time.

A list's query model inherits from `PageQuery`, its answer model from `PageAnswer`.
"""

from typing import Annotated

from pydantic import Field

from fleet.paging import PageRequest
from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel

LARGEST_PAGE = 500


class PageQuery(RequestModel):
    """limit: entries of a page. page_token: the `next_page_token` of the page before."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 100
    page_token: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    @property
    def page(self) -> PageRequest:
        """The page that is asked for."""
        return PageRequest(self.limit, self.page_token)


class PageAnswer(AnswerModel):
    """next_page_token: null on the last page."""

    next_page_token: str | None
