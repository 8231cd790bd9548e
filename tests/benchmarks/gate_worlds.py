"""Two models of which the truth is known, and what the gate says of them on a few reserved rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_model.service.paired_losses import compare_losses
from monitoring.service.evidence.gate import GateSettings, decide_gate, read_paired
from tests.benchmarks.wine_worlds import Wines, draw, fit, losses_of

Floats = NDArray[np.float64]

POPULATION, MODELS = 20_000, 150
SMALLEST, LARGEST = 12, 142  # rows that a model learns from: some are good, some are not
EQUAL_LOSS, EQUAL_ACCURACY = 0.001, 0.003
BETTER_BY, ABOUT = 0.11, 0.01
MOST_PAIRS, NEW_ROWS, CHANGED_PAIRS = 40, 100, 14
AT_ONCE, THREE_LOOKS = GateSettings(looks=1), GateSettings()


@dataclass(frozen=True)
class Pair:
    """Losses and hits of champion and challenger on the same wines, (2, wines)."""

    losses: Floats
    hits: NDArray[np.bool_]

    @property
    def gained(self) -> float:
        """By how much the challenger's accuracy is higher."""
        return float(self.hits[1].mean() - self.hits[0].mean())


def after_a_change(pairs: int, seed: int) -> list[Pair]:
    """The loop's own case: wines changed, the champion lost by it, and the challenger has learned from new
    ones too. It is 11 points better."""
    random = np.random.default_rng([seed, 1])
    found: list[Pair] = []
    while len(found) < pairs:
        pair = _changed(random, setting=len(found) % 2)
        if pair and abs(pair.gained - BETTER_BY) <= ABOUT:
            found.append(pair)
    return found


def _changed(random: np.random.Generator, setting: int) -> Pair | None:
    """A champion and its challenger; None if the change did the champion far too little or too much."""
    columns = random.choice(13, random.integers(2, 7), replace=False)
    old, new, now = draw(LARGEST, random), draw(NEW_ROWS, random), draw(POPULATION // 4, random)
    by = random.normal(size=len(columns)) * old.features[:, columns].std(axis=0)
    for wines in (new, now):
        wines.features[:, columns] += by
    champion = _losses_and_hits(old, setting, now)
    if not 0.75 <= champion[1].mean() <= 0.92:
        return None
    both = Wines(np.concatenate([old.features, new.features]), np.concatenate([old.target, new.target]))
    return _pair(champion, _losses_and_hits(both, setting, now))


def of_many_models(seed: int) -> tuple[list[Pair], list[Pair]]:
    """Models that learned from more or fewer wines: pairs that are equally good, and pairs of which the
    second is 11 points better."""
    random = np.random.default_rng([seed, 2])
    wines = draw(POPULATION, random)
    sizes = random.integers(SMALLEST, LARGEST + 1, MODELS)
    made = [
        _losses_and_hits(draw(int(size), random), place % 2, wines)  # both settings have probabilities
        for place, size in enumerate(sizes)
    ]
    equal: list[Pair] = []
    better: list[Pair] = []
    means = [(float(losses.mean()), float(hits.mean())) for losses, hits in made]
    for one, other in _in_random_order(random):
        worse, gained = (means[other][place] - means[one][place] for place in (0, 1))
        if abs(worse) <= EQUAL_LOSS and abs(gained) <= EQUAL_ACCURACY:
            equal.append(_pair(made[one], made[other]))
        elif abs(gained - BETTER_BY) <= ABOUT and worse < 0:
            better.append(_pair(made[one], made[other]))
    return equal[:MOST_PAIRS], better[:MOST_PAIRS]


@dataclass(frozen=True)
class Gate:
    """A gate that looks at `size` new rows at a time."""

    pairs: list[Pair]
    size: int
    settings: GateSettings

    def __call__(self, seed: int) -> list[float]:
        """Whether the challenger of a random pair is promoted at one of the looks: 1 or 0."""
        random = np.random.default_rng([seed, self.size, self.settings.looks])
        pair = self.pairs[random.integers(len(self.pairs))]
        rows = random.choice(pair.losses.shape[1], self.size * self.settings.looks, replace=False)
        for look in range(1, self.settings.looks + 1):
            seen = rows[: look * self.size]
            champion, challenger = pair.losses[:, seen]
            headline = [float(hits) for hits in pair.hits[:, seen].mean(axis=1)]
            paired = read_paired(compare_losses(champion, challenger, seed).as_dict())
            outcome = decide_gate(paired, (headline[0], headline[1]), look, self.settings)
            if outcome.verdict != "undecided":
                return [float(outcome.verdict == "promote")]
        return [0.0]


def _losses_and_hits(learned: Wines, setting: int, wines: Wines) -> tuple[Floats, NDArray[np.bool_]]:
    labels, losses = losses_of(fit(learned, setting), wines)
    return losses, labels == wines.target


def _pair(champion: tuple[Floats, NDArray[np.bool_]], challenger: tuple[Floats, NDArray[np.bool_]]) -> Pair:
    return Pair(np.stack([champion[0], challenger[0]]), np.stack([champion[1], challenger[1]]))


def _in_random_order(random: np.random.Generator) -> Iterator[tuple[int, int]]:
    for number in random.permutation(MODELS**2):
        one, other = divmod(int(number), MODELS)
        if one != other:
            yield one, other
