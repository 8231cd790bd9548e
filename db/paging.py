"""Reading a list a page at a time, without counting or skipping rows: each page begins where one ended."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from fleet.paging import Page, PageRequest, make_token, read_token

T = TypeVar("T")


def newest_first(
    session: Session,
    query: Select[Any],
    keys: Sequence[InstrumentedAttribute[Any]],
    asked: PageRequest,
    make: Callable[[Row[Any]], T],
) -> Page[T]:
    """A page of the query's rows, made into what the caller wants.

    keys: columns that order the rows and tell them apart, all descending, with an index on them.
    Raises InvalidPageTokenError.
    """
    if asked.token is not None:
        last = read_token(asked.token, [key.type.python_type for key in keys])
        query = query.where(tuple_(*keys) < tuple_(*last))
    query = query.add_columns(*keys).order_by(*(key.desc() for key in keys)).limit(asked.limit + 1)
    rows = session.execute(query).all()
    page = rows[: asked.limit]
    token = make_token(page[-1][-len(keys) :]) if len(rows) > asked.limit else None
    return Page([make(row) for row in page], token)
