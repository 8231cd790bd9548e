"""One verdict, and the two ways in which a figure is held against the reference."""

from dataclasses import dataclass
from typing import Any

from evidently.core.tests import ApproxValue


@dataclass(frozen=True)
class Check:
    """A verdict on one column, or on the whole set if column is None.

    value: the figure that was judged; None if it could not be had.
    threshold: the limit, where it is one number; condition: the limit in words, where it is not.
    description: the verdict as a sentence.
    """

    name: str
    passed: bool
    value: float | None
    description: str
    column: str | None = None
    threshold: float | None = None
    condition: str | None = None

    def as_dict(self, group: str) -> dict[str, Any]:
        limit = {"condition": self.condition} if self.threshold is None else {"threshold": self.threshold}
        return {
            "group": group,
            "name": self.name,
            "column": self.column,
            "status": "SUCCESS" if self.passed else "FAIL",
            "value": self.value,
            **limit,
            "description": self.description,
        }


@dataclass(frozen=True)
class Figure:
    """The same figure of both sets. what: its name at the start of a sentence."""

    name: str
    what: str
    current: float
    reference: float
    column: str | None = None


def near_reference(figure: Figure, *, relative: float | None = None) -> Check:
    """Passes if current's figure is the reference's, give or take a relative tolerance.

    Evidently's `eq(Reference(relative=...))`, by its own arithmetic.
    """
    expected = ApproxValue(figure.reference, relative=relative)
    limit = f"{figure.reference:.4g}"
    if relative is not None and figure.reference:
        limit += f" ± {expected.tolerance:.4g}"
    return _judged(figure, passed=bool(expected == figure.current), condition=f"= {limit}", limit=limit)


def at_most_reference(figure: Figure) -> Check:
    """Passes if current's figure is not above the reference's (Evidently's `lte(Reference())`)."""
    limit = f"{figure.reference:.4g}"
    passed = bool(figure.current <= ApproxValue(figure.reference))
    return _judged(figure, passed=passed, condition=f"<= {limit}", limit=f"at most {limit}")


def _judged(figure: Figure, *, passed: bool, condition: str, limit: str) -> Check:
    return Check(
        name=figure.name,
        column=figure.column,
        passed=passed,
        value=figure.current,
        condition=condition,
        description=f"{figure.what} is {figure.current:.4g}; by the reference, {limit} is expected.",
    )
