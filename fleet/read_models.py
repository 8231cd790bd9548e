"""How the models of requests read values, those that are kept within them included."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

TOO_LARGE = 2**53  # from there on, a float is not every whole number
LISTS = ("list", "set", "frozenset", "tuple")


def fail_fast(schema: object) -> None:
    """Have lists and sets, wherever they are in a schema of pydantic's, tell of one wrong value.

    A million of them would take minutes to tell of, and gigabytes.
    """
    if isinstance(schema, dict):
        if schema.get("type") in LISTS:
            schema["fail_fast"] = True
        schema = list(schema.values())
    if isinstance(schema, list | tuple):
        for part in schema:
            fail_fast(part)


def take_whole_floats(schema: object, *, alone: bool = True) -> None:
    """Have integers, wherever they are in a schema of pydantic's, take 2.0 as well: JSON knows no difference.

    One that is declared strict stays so. alone: whether a value of the schema can be nothing but that; where
    it may be a float, it stays one.
    """
    if isinstance(schema, dict):
        if schema.get("function") in SEEN:
            return
        kind, items = schema.get("type"), schema.get("items_schema")
        if kind == "list" and isinstance(items, dict) and items.get("type") == "int":
            _put_before(schema, _all_whole)  # a million of them are not looked at one by one
        elif kind == "int" and alone and not schema.get("strict"):
            _put_before(schema, _whole)
        else:
            for key, part in schema.items():
                take_whole_floats(part, alone=not (kind == "union" and key == "choices"))
    elif isinstance(schema, list | tuple):
        for part in schema:
            take_whole_floats(part, alone=alone)


def _put_before(schema: dict[str, Any], function: Callable[[Any], Any]) -> None:
    inner = dict(schema)
    schema.clear()
    schema.update(no_info_before_validator_function(function, inner))


def _all_whole(values: object) -> object:
    if not isinstance(values, list) or float not in set(map(type, values)):
        return values
    return [_whole(value) for value in values]


def _whole(value: object) -> object:
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < TOO_LARGE
    return int(value) if is_whole else value  # type: ignore[call-overload]  # a float


SEEN = tuple({"type": "no-info", "function": function} for function in (_whole, _all_whole))


class ReadModel(BaseModel):
    """Base of what requests are made of.

    Of the values of a list, the first that is wrong is named. A whole number may be written as 2.0.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        fail_fast(schema)
        take_whole_floats(schema)
        return schema
