"""One verdict, and how a figure is held against the reference."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from monitoring.service.chance import LEVEL

Source = Literal["evidently", "mlfleet"]
NEARLY = 1e-6  # relative; what counts as equal


@dataclass(frozen=True)
class Check:
    """A verdict on one column, or on the whole set if column is None.

    value: the figure that was judged; None if it could not be had.
    threshold: the limit, where it is one number; condition: the limit in words, where it is not.
    description: the verdict as a sentence.
    source: whose rule it is. What is Evidently's is told as Evidently would, and does not count: it fails
    unchanged data too often.
    """

    name: str
    passed: bool
    value: float | None
    description: str
    column: str | None = None
    threshold: float | None = None
    condition: str | None = None
    source: Source = "mlfleet"

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
            "source": self.source,
        }


@dataclass(frozen=True)
class Figure:
    """The same figure of both sets. what: its name at the start of a sentence."""

    name: str
    what: str
    current: float
    reference: float
    column: str | None = None

    def near(self, relative: float) -> bool:
        """Whether current's is the reference's, give or take such a part of it."""
        return abs(self.current - self.reference) <= abs(self.reference) * max(relative, NEARLY)


def unless_by_chance(
    figure: Figure, limit: str, *, within: bool, chance: Callable[[], float], tests: int = 1
) -> Check:
    """Fails if a figure is beyond its limit, and farther than unchanged data comes by chance.

    limit: in words; within: whether it holds. chance: p of a figure like this, asked for only if need be.
    tests: how many checks of this kind there are.
    """
    level = LEVEL / max(tests, 1)
    p = 1.0 if within else chance()
    found = f"{figure.what} is {figure.current:.4g}, in reference {figure.reference:.4g}"
    explained = "" if within else f"; by chance it comes so far with p = {p:.2g}, {level:.2g} or less fails"
    return Check(
        name=figure.name,
        column=figure.column,
        passed=p > level,
        value=figure.current,
        condition=f"{limit}, unless by chance (p > {level:.2g})",
        description=f"{found}; {limit} is expected{explained}.",
    )


def unjudged(name: str, column: str, reason: str, value: float | None = None) -> Check:
    """Passes, since another check judges what is the matter, or there is nothing to judge."""
    return Check(name, True, value, f"{reason}.", column, condition="values that vary in both sets")
