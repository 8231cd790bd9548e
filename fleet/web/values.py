"""What a request's values may not be, whatever route they are for."""

import math
import sys
from itertools import chain
from typing import Any

from fleet.errors import InvalidRequestError

MOST_FIELDS = 5000  # of an object
PLAIN = frozenset({int, bool, type(None)})


class MalformedBodyError(InvalidRequestError):
    """The body cannot be read as what its content type says."""


def check_values(data: object, depth: int, *, finite: bool = True) -> None:
    """Refuse what JSON may hold but PostgreSQL, or any number, may not, and what is nested deeper than that.

    The parser itself gives up at 200, before anything is built that deep. finite: whether NaN and infinities
    are refused, too.
    """
    if isinstance(data, dict | list):
        _check_parts(data, _one_less(depth), finite=finite)
    elif isinstance(data, str) and "\0" in data:
        raise MalformedBodyError(
            "A text holds the character NUL", "Remove the character \\u0000 from the request"
        )
    elif finite and isinstance(data, float) and not math.isfinite(data):
        raise MalformedBodyError("A number is too large", f"Give numbers between ±{sys.float_info.max:.2g}")


def _one_less(depth: int) -> int:
    if not depth:
        raise MalformedBodyError("The body is nested too deeply", "Send lists and objects that are less deep")
    return depth - 1


def _check_parts(data: dict[str, Any] | list[Any], depth: int, *, finite: bool) -> None:
    if isinstance(data, list):
        if _is_of_lists(data):  # rows, say: a million of them are looked at as one long list
            _check_parts(list(chain.from_iterable(data)), _one_less(depth), finite=finite)
        elif not _is_plain(data, finite=finite):
            for value in data:
                check_values(value, depth, finite=finite)
        return
    if len(data) > MOST_FIELDS:
        raise MalformedBodyError(
            f"An object has more than {MOST_FIELDS} fields", "Send no fields but those of the route"
        )
    for key, value in data.items():
        check_values(key, depth)
        check_values(value, depth, finite=finite)


def _is_of_lists(values: list[Any]) -> bool:
    return set(map(type, values)) == {list}


def _is_plain(values: list[Any], *, finite: bool) -> bool:
    """Whether it holds numbers alone, which are finite if asked; millions are not looked at one by one."""
    kinds = set(map(type, values))
    return kinds <= PLAIN or (kinds == {float} and (not finite or all(map(math.isfinite, values))))
