"""A distribution as bars side by side, for an SVG that is part of the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from monitoring.web.schema import Distribution

WIDTH, HEIGHT = 320, 90
GAP = 0.15  # of a bin, between it and the next one

Side = Literal["reference", "current"]
SIDES: tuple[Side, Side] = ("reference", "current")


@dataclass(frozen=True)
class Bar:
    """A rectangle, in pixels; title: what it says when it is pointed at."""

    side: Side
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Picture:
    """Of one column."""

    column: str
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT


def picture(distribution: Distribution) -> Picture:
    """Two bars a bin; the highest of all is as high as the picture."""
    return Picture(distribution.column, tuple(_bars(distribution)))


def _bars(distribution: Distribution) -> Iterator[Bar]:
    shares = {"reference": distribution.reference, "current": distribution.current}
    highest = max((share for side in SIDES for share in shares[side]), default=0.0) or 1.0
    space = WIDTH / max(len(distribution.labels), 1)
    for place, label in enumerate(distribution.labels):
        for offset, side in enumerate(SIDES):
            share = shares[side][place]
            height = round(HEIGHT * share / highest, 2)
            width = space * (1 - GAP) / 2
            x = place * space + offset * width
            title = f"{label}: {share:.1%} in {side}"
            yield Bar(side, round(x, 2), round(HEIGHT - height, 2), round(width, 2), height, title)
