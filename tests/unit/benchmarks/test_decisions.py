"""The goals of the loop, on fewer streams than its benchmark has. Seeded: the figures are always the same."""

from collections.abc import Callable

import pytest

from tests.benchmarks import decisions
from tests.benchmarks.decisions import Shares, gate_lines, window_lines

TOLERANCE = 3  # standard errors: so few streams say no more


def each(world: Callable[[int], Shares], count: int, _: str) -> list[Shares]:
    return [world(seed) for seed in range(count)]


@pytest.mark.slow
def test_verdicts_keep_their_goals_on_a_few_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "SIZES", (36,))
    monkeypatch.setattr(decisions, "WINDOWS", 20)
    found = list(window_lines(10, each))
    assert len(found) == 10
    assert [line for line in found if not line.met(TOLERANCE)] == []


@pytest.mark.slow
def test_gates_keep_their_goals_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "GATE_SIZES", (36,))
    monkeypatch.setattr(decisions, "GATE_GOALS", (0.85,))
    monkeypatch.setattr(decisions, "CHANGED_PAIRS", 5)
    found = list(gate_lines(150, each))
    assert len(found) == 6
    assert [line for line in found if not line.met(TOLERANCE)] == []
