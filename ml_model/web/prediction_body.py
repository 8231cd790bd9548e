"""Reads the body of a request for predictions, in one pass, whatever form it has.

As numbers first, which is what nearly all are; what is not is read again, slowly, to say what is wrong.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from pydantic import Field

from fleet.errors import InvalidRequestError
from fleet.web.validation import USE_CASE_NAME
from ml_model.service.live.predictions import Asked
from ml_model.service.live.table import Row, Table

C = TypeVar("C")
L = TypeVar("L")
Number = float | None
UseCase = Annotated[str, msgspec.Meta(pattern=USE_CASE_NAME), Field(pattern=USE_CASE_NAME)]
USE_CASE = "wine"  # unless one is named
FORMS = ("columns", "records", "dataframe_split", "dataframe_records", "inputs", "instances")


class UnreadableBodyError(InvalidRequestError):
    """The body is not JSON, or has none of the forms that are known."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The body cannot be read: {reason}",
            'Send {"columns": [...], "data": [[...]]}, {"records": [{...}]}, or one of MLflow\'s forms',
        )


class Split(msgspec.Struct, Generic[C], forbid_unknown_fields=True):
    """A data frame as pandas splits it, with cells of the kind C; its index is not looked at."""

    data: list[list[C]]
    columns: list[str] | None = None
    index: list[Any] | None = None


class Body(msgspec.Struct, Generic[C, L], forbid_unknown_fields=True):
    """A request with cells of the kind C: its rows in one form. What is documented is made from it too.

    L: what a column of `inputs` is, a list of cells where it can be read in one pass.
    """

    columns: list[str] | None = None
    data: list[list[C]] | None = None
    records: list[dict[str, C]] | None = None
    dataframe_split: Split[C] | None = None
    dataframe_records: list[dict[str, C]] | None = None
    inputs: list[list[C] | dict[str, C]] | dict[str, L] | None = None
    instances: list[list[C] | dict[str, C]] | None = None
    routing_key: str | None = None
    use_case: UseCase | None = None


class Invocation(Body[C, L], Generic[C, L]):
    """A request to MLflow's scoring server. params: for models that take some, which none of ours does."""

    params: dict[str, Any] | None = None


_numbers = msgspec.json.Decoder(Body[Number, list[Number]]).decode
_invocations = msgspec.json.Decoder(Invocation[Number, list[Number]]).decode


def read_body(
    body: bytes, key: str | None, *, use_case: str | None = None, invocation: bool = False
) -> Asked:
    """The request. key: unless the body has a routing_key; use_case: unless it names one.

    invocation: it may have what MLflow's clients send besides, and its cells may be written as they do.

    Raises UnreadableBodyError; cells are looked at later.
    """
    try:
        read: Body[Any, Any] = (_invocations if invocation else _numbers)(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        slowly = _read_slowly(body, Invocation[Any, Any] if invocation else Body[Any, Any])
        return _asked(slowly, key, use_case, numbers=False, free=invocation)
    return _asked(read, key, use_case, numbers=True, free=invocation)


def read_numbers(body: bytes, key: str) -> Asked | None:
    """The request, if it is read in one pass; otherwise None."""
    try:
        return _asked(_numbers(body), key, None, numbers=True, free=False)
    except (msgspec.DecodeError, UnicodeDecodeError, UnreadableBodyError):
        return None


def _read_slowly(body: bytes, form: type[Body[Any, Any]]) -> Body[Any, Any]:
    """Numbers that no number may be are read too, so that they can be named by column and row."""
    try:
        read: Body[Any, Any] = msgspec.convert(json.loads(body), form)
    except RecursionError as error:
        raise UnreadableBodyError("it is nested too deeply") from error
    except (json.JSONDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UnreadableBodyError(str(error) or "it is no JSON") from error
    except ValueError as error:  # Python's own, of integers of thousands of digits
        raise UnreadableBodyError("it has a number of too many digits") from error
    return read


def _asked(
    read: Body[Any, Any], key: str | None, use_case: str | None, *, numbers: bool, free: bool
) -> Asked:
    rows, names = _rows(read)
    return Asked(
        read.use_case or use_case or USE_CASE,
        Table(rows, names, numbers, free),
        read.routing_key or key or "",
    )


def _rows(read: Body[Any, Any]) -> tuple[Sequence[Row], Sequence[str] | None]:
    """The rows, and the names of their columns, if they have any."""
    if read.data is not None and read.columns is not None:
        _check_only(read, "columns")
        return read.data, read.columns
    for name in FORMS[1:]:
        rows: Any = getattr(read, name)
        if rows is None:
            continue
        _check_only(read, name)
        if isinstance(rows, Split):
            return rows.data, rows.columns
        return _by_column(rows) if isinstance(rows, dict) else (rows, None)
    raise UnreadableBodyError("it has no rows; 'columns' and 'data' go together")


def _check_only(read: Body[Any, Any], form: str) -> None:
    given = [name for name in FORMS if getattr(read, name) is not None]
    if given != [form] or (form != "columns" and read.data is not None):
        raise UnreadableBodyError("it has rows in more than one form")


def _by_column(columns: Mapping[str, Any]) -> tuple[Sequence[Row], Sequence[str]]:
    values = [_flat(column) for column in columns.values()]
    if len({len(column) for column in values}) > 1:
        raise UnreadableBodyError("the columns of 'inputs' are not equally long")
    return list(zip(*values, strict=True)), list(columns)


def _flat(column: Any) -> Sequence[Any]:
    """The column's cells: they may be each in a list of its own, or one cell that is in none."""
    if not isinstance(column, list):
        return [column]
    if column and all(isinstance(cell, list) and len(cell) == 1 for cell in column):
        return [cell for (cell,) in column]
    return column
