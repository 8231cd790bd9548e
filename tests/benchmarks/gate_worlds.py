"""Two models of which the truth is known, and what the gate says of them on a few reserved rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_model.service.paired_losses import compare_losses
from monitoring.service.evidence.gate import GateSettings, decide_gate, read_paired
from tests.benchmarks.wine_worlds import draw, fit, losses_of

Floats = NDArray[np.float64]

POPULATION, MODELS = 20_000, 150
SMALLEST, LARGEST = 12, 142  # rows that a model learns from: some are good, some are not
EQUAL_LOSS, EQUAL_ACCURACY = 0.001, 0.003
BETTER_BY, ABOUT = 0.11, 0.005
AT_ONCE, THREE_LOOKS = GateSettings(looks=1), GateSettings()


@dataclass(frozen=True)
class Gates:
    """Losses and hits of many models on the same wines, (models, wines), and pairs (champion, challenger)."""

    losses: Floats
    hits: NDArray[np.bool_]
    equal: NDArray[np.intp]
    better: NDArray[np.intp]

    @classmethod
    def made(cls, seed: int) -> "Gates":
        """Train them, and find the pairs: equally good on all wines, or 11 points of accuracy apart."""
        random = np.random.default_rng(seed)
        wines = draw(POPULATION, random)
        losses, hits = np.empty((MODELS, POPULATION)), np.empty((MODELS, POPULATION), bool)
        for number in range(MODELS):
            learned = draw(int(random.integers(SMALLEST, LARGEST + 1)), random)
            labels, losses[number] = losses_of(fit(learned, number % 2), wines)  # both have probabilities
            hits[number] = labels == wines.target
        loss, accuracy = losses.mean(axis=1), hits.mean(axis=1)
        worse, gained = loss[None, :] - loss[:, None], accuracy[None, :] - accuracy[:, None]
        alike = (np.abs(worse) <= EQUAL_LOSS) & (np.abs(gained) <= EQUAL_ACCURACY)
        np.fill_diagonal(alike, False)
        better = (np.abs(gained - BETTER_BY) <= ABOUT) & (worse < 0)
        return cls(losses, hits, np.argwhere(alike), np.argwhere(better))

    def promoted(self, size: int, settings: GateSettings, better: bool, seed: int) -> list[float]:
        """Whether the challenger of a random pair is promoted at a look, each of `size` more rows."""
        random = np.random.default_rng([seed, size, settings.looks, better])
        pairs = self.better if better else self.equal
        champion, challenger = pairs[random.integers(len(pairs))]
        rows = random.choice(POPULATION, size * settings.looks, replace=False)
        for look in range(1, settings.looks + 1):
            seen = rows[: look * size]
            losses = [self.losses[model, seen] for model in (champion, challenger)]
            headline = [float(self.hits[model, seen].mean()) for model in (champion, challenger)]
            paired = read_paired(compare_losses(losses[0], losses[1], seed).as_dict())
            outcome = decide_gate(paired, (headline[0], headline[1]), look, settings)
            if outcome.verdict != "undecided":
                return [float(outcome.verdict == "promote")]
        return [0.0]
