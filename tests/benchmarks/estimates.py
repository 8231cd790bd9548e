"""How often an estimate without truth warns: where nothing has changed, and where accuracy has fallen.

`python -m tests.benchmarks.estimates` prints, by setting and size of the window, the share of windows that
are warned of, and how far the estimate was from the accuracy that the window had.
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import StratifiedKFold

from monitoring.service.evidence.estimate import Estimate, estimate_accuracy
from tests.benchmarks.wine_worlds import (
    FOLDS,
    SETTINGS,
    TESTING,
    TRAINING,
    Floats,
    Wines,
    draw,
    fit,
)

WORLDS, WINDOWS = 20, 10
WITH_PROBABILITIES = (0, 1)
NOISE = {"unchanged": 0.0, "one deviation of noise": 1.0, "two deviations of noise": 2.0}


def told(model: object, wines: Wines) -> tuple[Floats, Floats]:
    """How sure a model is of each wine, and whether it is right."""
    probabilities = model.predict_proba(wines.features)  # type: ignore[attr-defined]
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == wines.target


def noisy(wines: Wines, deviations: float, random: np.random.Generator) -> Wines:
    """As of an instrument that has become worse."""
    spread = wines.features.std(axis=0) * deviations
    return Wines(wines.features + random.normal(size=wines.features.shape) * spread, wines.target)


def windows(setting: int, rows: int, noise: float) -> Iterator[tuple[Estimate, float, float]]:
    """Of worlds anew: the estimate, the accuracy in truth, and the seconds that it took."""
    for world in range(WORLDS):
        random = np.random.default_rng([world, setting, rows])
        training, testing = draw(TRAINING, random), draw(TESTING, random)
        parts = [
            told(fit(training.part(learned), setting), training.part(held))
            for learned, held in StratifiedKFold(FOLDS).split(training.features, training.target)
        ]
        model = fit(training, setting)
        parts.append(told(model, testing))
        confidences, right = (np.concatenate(each) for each in zip(*parts, strict=True))
        for _ in range(WINDOWS):
            sure, came = told(model, noisy(draw(rows, random), noise, random))
            start = time.perf_counter()
            found = estimate_accuracy(confidences, right > 0, sure)
            assert found is not None
            yield found, float(came.mean()), time.perf_counter() - start


def main() -> None:
    """Print the table."""
    for name, noise in NOISE.items():
        for setting in WITH_PROBABILITIES:
            for rows in (36, 100, 500):
                found = list(windows(setting, rows, noise))
                warned = np.mean([estimate.warns for estimate, _, _ in found])
                off = np.mean([estimate.expected - truth for estimate, truth, _ in found])
                truth = np.mean([truth for _, truth, _ in found])
                took = np.median([seconds for _, _, seconds in found])
                sys.stdout.write(
                    f"{name}, {SETTINGS[setting][0]}, {rows} rows: {warned:.1%} of {len(found)} warned of, "
                    f"accuracy {truth:.3f}, estimated {off:+.3f} beside it, {took * 1000:.1f} ms\n"
                )


if __name__ == "__main__":
    main()
