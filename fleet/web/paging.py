"""What every list of the REST interface takes and gives to be read a page at a time.

A list's query model inherits from `PageQuery`, its answer model from `PageAnswer`. Lists that were there
before there were pages take `OptionalPageQuery`: who does not ask for pages is given all.
"""

from typing import Annotated

from pydantic import Field

from fleet.paging import PageRequest
from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel

LARGEST_PAGE = 500
DEFAULT_PAGE = 100

Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
Token = Annotated[str, Field(min_length=1, max_length=500)]


class PageQuery(RequestModel):
    """limit: entries of a page. page_token: the `next_page_token` of the page before."""

    limit: Limit = DEFAULT_PAGE
    page_token: Token | None = None

    @property
    def page(self) -> PageRequest:
        """The page that is asked for."""
        return PageRequest(self.limit, self.page_token)


class OptionalPageQuery(RequestModel):
    """limit, page_token: as in PageQuery; without both, the whole list."""

    limit: Limit | None = None
    page_token: Token | None = None

    @property
    def page(self) -> PageRequest | None:
        """The page that is asked for; None for all."""
        if self.limit is None and self.page_token is None:
            return None
        return PageRequest(self.limit or DEFAULT_PAGE, self.page_token)


class PageAnswer(AnswerModel):
    """next_page_token: null on the last page."""

    next_page_token: str | None
