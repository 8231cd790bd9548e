"""Which rows of production are looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

MOST_JUDGED = 1_000_000  # that are judged together


@dataclass(frozen=True)
class LastRows:
    """The last so many rows, in order of arrival."""

    rows: int

    def as_dict(self) -> dict[str, Any]:
        return {"last": self.rows}


@dataclass(frozen=True)
class Between:
    """Rows that came in between two moments, both included; None: no limit on that side."""

    since: datetime | None = None
    until: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        sides = {"since": self.since, "until": self.until}
        return {name: moment.isoformat() for name, moment in sides.items() if moment is not None}


@dataclass(frozen=True)
class Numbered:
    """Rows whose sample_index is from first to last, both included."""

    first: int
    last: int

    def as_dict(self) -> dict[str, Any]:
        return {"rows": [self.first, self.last]}


@dataclass(frozen=True)
class Arrived:
    """Rows whose sample_id, which is their order of arrival, is from first to last, both included."""

    first: int
    last: int

    def as_dict(self) -> dict[str, Any]:
        return {"sample_ids": [self.first, self.last]}


Window = LastRows | Between | Numbered | Arrived
Reference = Literal["testing", "training"] | Window
"""What a window is held against: a set, or another window."""


def told(reference: Reference) -> dict[str, Any]:
    """A reference as it is kept."""
    return {"set": reference} if isinstance(reference, str) else {"window": reference.as_dict()}
