"""Whether rows have moved, without truth: one test a column, and one of its share of missing values."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from monitoring.service.evidence.figures import ColumnFigures, Side
from monitoring.service.evidence.ranks import largest_gap, p_of_gap
from monitoring.service.evidence.tables import p_of_counts, p_of_missing, pool_rare

MATTERS = 0.1  # a distance, or a difference of shares; what is smaller starts nothing

Kind = Literal["distance", "shares", "missing"]


@dataclass(frozen=True)
class ColumnTest:
    """One test of one column.

    kind: distance, K-S of numbers; shares, chi² of categories; missing, Fisher of missing values.
    effect: the K-S distance, the total variation, or the window's share of missing values less the
    reference's. p: not corrected for the number of tests.
    """

    column: str
    kind: Kind
    p: float
    effect: float

    @property
    def matters(self) -> bool:
        """Whether it is large enough to act on."""
        return abs(self.effect) >= MATTERS


@dataclass(frozen=True)
class Drift:
    """All tests of a window. Columns that are empty or constant on both sides are not among them."""

    tests: tuple[ColumnTest, ...]

    @property
    def p(self) -> float | None:
        """Bonferroni's, of all; None if nothing could be tested."""
        return self._corrected(self.tests)

    @property
    def p_that_matters(self) -> float | None:
        """The same of those that are large enough to act on; None if none is."""
        return self._corrected([test for test in self.tests if test.matters])

    def moved(self, level: float) -> tuple[ColumnTest, ...]:
        """The tests that Holm's procedure rejects at this level, the smallest p first."""
        ordered = sorted(self.tests, key=lambda test: (test.p, -abs(test.effect)))
        for place, test in enumerate(ordered):
            if test.p * (len(ordered) - place) > level:
                return tuple(ordered[:place])
        return tuple(ordered)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "p": self.p,
            "p_that_matters": self.p_that_matters,
            "tests": [asdict(test) for test in self.tests],
        }

    def _corrected(self, tests: Sequence[ColumnTest]) -> float | None:
        if not tests:
            return None
        return min(len(self.tests) * min(test.p for test in tests), 1.0)


def measure_drift(reference: Side, window: Side) -> Drift:
    """Hold a window's columns against the reference's. Both have the same columns."""
    return Drift(
        tuple(test for name, figures in reference.items() for test in _tests(name, figures, window[name]))
    )


def _tests(name: str, reference: ColumnFigures, window: ColumnFigures) -> Iterator[ColumnTest]:
    if not reference.rows or not window.rows:
        return
    if reference.counts is not None and window.counts is not None:
        yield from _shares(name, reference, window)
    elif len(reference.values) and len(window.values):
        yield from _distance(name, reference, window)
    missing = reference.missing + window.missing
    if 0 < missing < reference.rows + window.rows:
        p = p_of_missing(window.missing, window.rows, reference.missing, reference.rows)
        effect = window.missing / window.rows - reference.missing / reference.rows
        yield ColumnTest(name, "missing", p, effect)


def _distance(name: str, reference: ColumnFigures, window: ColumnFigures) -> Iterator[ColumnTest]:
    first, second = reference.values, window.values
    if min(first[0], second[0]) == max(first[-1], second[-1]):
        return
    gap = largest_gap(first, second)
    yield ColumnTest(name, "distance", p_of_gap(first, second, gap), gap / len(first) / len(second))


def _shares(name: str, reference: ColumnFigures, window: ColumnFigures) -> Iterator[ColumnTest]:
    assert reference.counts is not None  # noqa: S101
    assert window.counts is not None  # noqa: S101
    if not reference.counts.sum() or not window.counts.sum():
        return
    first, second = pool_rare(reference.counts, window.counts)
    if len(first) < 2:
        return
    variation = 0.5 * float(np.abs(first / first.sum() - second / second.sum()).sum())
    yield ColumnTest(name, "shares", p_of_counts(first, second), variation)
