"""What JSON Schema says of fields that depend on each other.

As `if` and `then`: validators read them, and generators of clients pass over them. The parts of an `anyOf`
beside an object's properties they take for types of their own, which lack the other fields.
"""

from collections.abc import Mapping

from pydantic.config import JsonDict


def depending_on(field: str, forms: Mapping[str, JsonDict]) -> JsonDict:
    """What else must hold, by a field's value. forms: of all its values, in this order."""
    schema: JsonDict = {}
    for value, form in reversed([*forms.items()]):
        schema = condition({"properties": {field: {"const": value}}}, form, schema)
    return schema


def condition(when: JsonDict, then: JsonDict, otherwise: JsonDict) -> JsonDict:
    """`then` must hold where `when` does, and `otherwise` elsewhere; an empty one asks for nothing."""
    asked: JsonDict = {"if": when, "then": then, "else": otherwise}
    return {key: part for key, part in asked.items() if part}
