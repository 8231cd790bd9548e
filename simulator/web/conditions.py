"""What JSON Schema says of fields that depend on each other, where no field's value tells the forms apart.

As `if` and `then`: validators read them, and generators of clients pass over them. The parts of an `anyOf`
beside an object's properties they take for types of their own, which lack the other fields.
"""

from pydantic.config import JsonDict


def condition(when: JsonDict, then: JsonDict, otherwise: JsonDict) -> JsonDict:
    """`then` must hold where `when` does, and `otherwise` elsewhere; an empty one asks for nothing."""
    asked: JsonDict = {"if": when, "then": then, "else": otherwise}
    return {key: part for key, part in asked.items() if part}
