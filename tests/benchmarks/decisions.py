"""How often does the loop act falsely, and how often does it miss what it should see?

`python -m tests.benchmarks.decisions` runs the loop's own functions on wines without end (`wine_worlds.py`),
with models of the catalogue, and prints every goal of the loop beside its figure, each as soon as it is
known and all as a table at the end; exits with 1 if one is missed.
`--streams 40` is the smaller form; `--only gates` leaves out the windows, which take most of the time.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.model_selection import train_test_split

from monitoring.persistence.model.policy import Evidence
from monitoring.service.evidence.decision import decide
from tests.benchmarks.gate_worlds import (
    AT_ONCE,
    BETTER_BY,
    CHANGED_PAIRS,
    THREE_LOOKS,
    Gate,
    after_a_change,
    of_many_models,
)
from tests.benchmarks.wine_worlds import Deployment, Judged, Wines, draw, original, without_truth

STREAMS, WINDOWS, SIZES = 400, 50, (36, 100, 500)
GATES, GATE_SIZES, GATE_GOALS = 1000, (36, 100, 200), (0.85, 0.99, 0.99)
SHIFTED, DEVIATIONS, LOOKS = 3, 1.0, 3
FALL, KNOWN_FROM, MOST_TRIES = 0.15, 2000, 100
RESAMPLED, HELD_OUT_WINDOWS = 500, 10
SEED = 42
KINDS: tuple[tuple[Evidence, bool], ...] = (("auto", False), ("auto", True), ("either", True))
ACT = "act"

Shares = list[float]


@dataclass(frozen=True)
class Line:
    """A goal, None if there is none, and its figure, both shares.

    at_most: whether it may not be more; otherwise it may not be less.
    """

    what: str
    goal: float | None
    figure: float
    trials: int
    at_most: bool

    def met(self, tolerance: float = 0.0) -> bool:
        """Whether the figure is within so many standard errors of the goal, or on the right side of it."""
        if self.goal is None:
            return True
        error = tolerance * float(np.sqrt(self.goal * (1 - self.goal) / max(self.trials, 1)))
        return self.figure <= self.goal + error if self.at_most else self.figure >= self.goal - error

    def told(self) -> tuple[str, ...]:
        """What it is about, its goal and its figure in percent, of how many, and whether it is missed."""
        goal = "" if self.goal is None else f"{'≤' if self.at_most else '≥'} {self.goal * 100:.3g}"
        met = "" if self.met() else "missed"
        return self.what, goal, f"{self.figure * 100:.1f}", str(self.trials), met


def unchanged(size: int, seed: int) -> Shares:
    """Whether a stream of windows of unchanged wines was acted on: without truth, with it, by either kind."""
    random = np.random.default_rng([SEED, 1, size, seed])
    deployment = Deployment.new(random, seed)
    stream = deployment.judge(draw(WINDOWS * size, random))
    acted = [False] * len(KINDS)
    for known in deployment.figures(stream, size, "auto"):
        for place, (evidence, truth) in enumerate(KINDS):
            figures = known if truth else without_truth(known)
            acted[place] |= decide(replace(figures, evidence=evidence)).verdict == ACT
    return [float(one) for one in acted]


def moved(size: int, seed: int) -> Shares:
    """Whether one deviation in three random columns was acted on by window 1, 2 and 3, without truth."""
    random = np.random.default_rng([SEED, 2, size, seed])
    deployment = Deployment.new(random, seed)
    wines = draw(LOOKS * size, random)
    columns = random.choice(13, SHIFTED, replace=False)
    features = wines.features.copy()
    features[:, columns] += DEVIATIONS * deployment.reference.rows[:, columns].std(axis=0)
    stream = deployment.judge(Wines(features, wines.target))
    return _acted_by(deployment, stream, size, truth=False)


def fouled(size: int, seed: int) -> Shares:
    """Whether accuracy down by 15 points or more was acted on by window 1, 2 and 3, with truth."""
    random = np.random.default_rng([SEED, 3, size, seed])
    deployment = Deployment.new(random, seed)
    wines = draw(KNOWN_FROM, random)
    before = _accuracy(deployment, wines)
    for _ in range(MOST_TRIES):
        columns = random.choice(13, random.integers(2, 7), replace=False)
        by = random.normal(0, 1.5, len(columns)) * wines.features[:, columns].std(axis=0)
        if before - _accuracy(deployment, _shifted(wines, columns, by)) >= FALL:
            stream = deployment.judge(_shifted(draw(LOOKS * size, random), columns, by))
            return _acted_by(deployment, stream, size, truth=True)
    raise RuntimeError("No fouling has brought the accuracy down")


def held_out(seed: int) -> Shares:
    """Whether the held-out rows of a split are acted on, and whether they are, drawn again and again."""
    random = np.random.default_rng([SEED, 4, seed])
    wines = original()
    training, held = train_test_split(np.arange(178), test_size=36, random_state=seed, stratify=wines.target)
    learned, tested = train_test_split(training, test_size=36, random_state=seed)
    deployment = Deployment.trained(wines.part(learned), wines.part(tested), seed)
    rows = deployment.judge(wines.part(held))
    drawn = random.integers(0, len(held), RESAMPLED * HELD_OUT_WINDOWS)
    stream = Judged(rows.rows[drawn], rows.losses[drawn])
    acted = [decide(without_truth(each)).verdict == ACT for each in deployment.figures(rows, 36, "auto")]
    again = [
        decide(without_truth(each)).verdict == ACT for each in deployment.figures(stream, RESAMPLED, "auto")
    ]
    return [float(acted[0]), float(any(again))]


def doubled(seed: int) -> Shares:
    """Whether a verdict and its figures stay when every row comes twice, and 8 rows are insufficient."""
    random = np.random.default_rng([SEED, 5, seed])
    deployment = Deployment.new(random, seed)
    rows = deployment.judge(draw(100, random))
    twice = Judged(np.repeat(rows.rows, 2, axis=0), np.repeat(rows.losses, 2))
    (single,), (double,) = deployment.figures(rows, 100, "auto"), deployment.figures(twice, 200, "auto")
    (eight,) = deployment.figures(rows.part(slice(0, 8)), 8, "auto")
    same = decide(single).verdict == decide(double).verdict and single.drift == double.drift
    return [float(same), float(decide(eight).verdict == "insufficient")]


def window_lines(streams: int, each: Callable[..., Sequence[Shares]]) -> Iterator[Line]:
    """Every goal of verdicts. each: maps a world over its seeds."""
    for size in SIZES:
        figures = _means(each(partial(unchanged, size), streams, f"unchanged, {size}"))
        for figure, kind in zip(figures, ("drift, no truth", "harm, truth known", "either"), strict=True):
            yield Line(f"unchanged, 50 windows of {size}: act ({kind})", 0.02, figure, streams, True)
    rows, again = _means(each(held_out, streams, "held out"))
    yield Line("held-out rows drawn to windows of 500: act", rows, again, streams, True)
    for size, goal in ((36, 0.97), (100, 0.995)):
        figures = _means(each(partial(moved, size), streams, f"moved, {size}"))
        yield Line(f"1 deviation in 3 of 13, {size}: act by window 3", goal, figures[-1], streams, False)
    for size, goal in ((36, 0.95), (100, 0.98)):
        figures = _means(each(partial(fouled, size), streams, f"fouled, {size}"))
        yield Line(f"15 points lost, truth, {size}: act by window 3", goal, figures[-1], streams, False)
    for figure, what in zip(
        _means(each(doubled, 40, "doubled")), ("every row doubled: same", "8 rows: insufficient"), strict=True
    ):
        yield Line(what, 1.0, figure, 40, False)


def gate_lines(gates: int, each: Callable[..., Sequence[Shares]]) -> Iterator[Line]:
    """Every goal of the gate; and a harder case, for which there is none."""
    equal, longer = of_many_models(SEED)
    better = after_a_change(CHANGED_PAIRS, SEED)
    points = f"{BETTER_BY * 100:.0f} points better"
    for size, goal in zip(GATE_SIZES, GATE_GOALS, strict=True):
        for settings, looks in ((AT_ONCE, "1 look"), (THREE_LOOKS, "3 looks")):
            for what, pairs, wanted in (
                ("two equal models", equal, 0.05),
                (f"{points}, after a change", better, goal),
                (f"{points}, by more rows", longer, None),
            ):
                name = f"{what}, {size}, {looks}: promoted"
                figure = _means(each(Gate(pairs, size, settings), gates, name))[0]
                yield Line(name, wanted, figure, gates, pairs is equal)


def _acted_by(deployment: Deployment, stream: Judged, size: int, *, truth: bool) -> Shares:
    acted = []
    for known in deployment.figures(stream, size, "auto"):
        figures = known if truth else without_truth(known)
        acted.append(decide(figures).verdict == ACT)
    return [float(any(acted[: look + 1])) for look in range(LOOKS)]


def _shifted(wines: Wines, columns: np.ndarray, by: np.ndarray) -> Wines:
    features = wines.features.copy()
    features[:, columns] += by
    return Wines(features, wines.target)


def _accuracy(deployment: Deployment, wines: Wines) -> float:
    return float((deployment.judge(wines).rows[:, 13] == wines.target).mean())


def _means(shares: Sequence[Shares]) -> Shares:
    return [float(mean) for mean in np.mean(shares, axis=0)]


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=STREAMS, help="of each kind; gates are in proportion")
    parser.add_argument("--only", choices=("windows", "gates"), help="both, if it is not given")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor() as pool:

        def each(world: Callable[[int], Shares], count: int, what: str) -> list[Shares]:
            return list(track(pool.map(world, range(count), chunksize=4), what, count))

        parts = {
            "windows": window_lines(asked.streams, each),
            "gates": gate_lines(GATES * asked.streams // STREAMS, each),
        }
        lines = chain.from_iterable(part for name, part in parts.items() if asked.only in (None, name))
        found = [_shown(line) for line in lines]
    table = Table("what", "goal, %", "figure, %", "of", "", title="How the loop decides, on wine")
    for line in found:
        table.add_row(*line.told())
    Console(width=110).print(table)
    return int(not all(line.met() for line in found))


def _shown(line: Line) -> Line:
    """The line, which is printed at once: the next may take minutes."""
    Console(width=110).print(*line.told(), sep=" | ", highlight=False)
    return line


if __name__ == "__main__":
    sys.exit(main())
