"""Rows of the shared tables as the plain records that services hold."""

from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy.orm import DeclarativeBase

R = TypeVar("R")


def as_record(kind: type[R], row: DeclarativeBase, **others: Any) -> R:
    """The record whose fields are the row's columns of the same names. others: fields that differ."""
    columns = row.__mapper__.column_attrs.keys()
    own = (each.name for each in fields(kind) if each.name in columns and each.name not in others)  # type: ignore[arg-type]  # a dataclass, which types cannot say
    return kind(**{name: getattr(row, name) for name in own}, **others)
