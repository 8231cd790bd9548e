"""Lists that are handed out a page at a time."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from fleet.errors import InvalidRequestError

T = TypeVar("T")
Key = int | str | datetime


class InvalidPageTokenError(InvalidRequestError):
    """The token is none that this list gave."""

    def __init__(self) -> None:
        super().__init__(
            "'page_token' is none that this list has given", "Send the next_page_token of the page before it"
        )


@dataclass(frozen=True)
class PageRequest:
    """At most `limit` entries; those after the page that gave the token, or the first."""

    limit: int
    token: str | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """Entries, and the token of the page after them; None on the last one."""

    items: list[T]
    next_token: str | None


def make_token(keys: Sequence[Key]) -> str:
    """A token that says where a page ended. keys: what the list is ordered by, of the last entry."""
    values = [key.isoformat() if isinstance(key, datetime) else key for key in keys]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read_token(token: str, types: Sequence[type[Key]]) -> list[Key]:
    """The keys in it, of these types. Raises InvalidPageTokenError."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(types):
            raise InvalidPageTokenError
        return [_typed(value, kind) for value, kind in zip(values, types, strict=True)]
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise InvalidPageTokenError from error


def _typed(value: object, kind: type[Key]) -> Key:
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if kind is int and type(value) is int and abs(value) < 2**63:
        return value
    if kind is str and isinstance(value, str) and "\0" not in value:
        value.encode()  # a lone surrogate is no character
        return value
    raise InvalidPageTokenError
