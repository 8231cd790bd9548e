"""Which features a fitted model goes by."""

from pathlib import Path

import numpy as np
from sklearn.inspection import permutation_importance

from fleet.settings import SEED
from tracking.persistence.model.search import TrainingSet
from tracking.persistence.repository.model_files import load
from tracking.persistence.repository.named_columns import frame_of

LEARNED_ROWS = 2_000
REPEATS = 5


def permutation_importances(
    folder: Path, scoring: str, training: TrainingSet
) -> dict[str, tuple[float, float]]:
    """By feature, mean and deviation of the score that is lost when its values are shuffled.

    folder: of the fitted model. Of a large training set LEARNED_ROWS rows, chosen by chance.
    """
    random = np.random.default_rng(SEED)
    rows = np.arange(len(training.target))
    if len(rows) > LEARNED_ROWS:
        rows = np.sort(random.choice(rows, LEARNED_ROWS, replace=False))
    found = permutation_importance(
        load(folder),
        frame_of(training).iloc[rows],
        training.target[rows],
        scoring=scoring,
        n_repeats=REPEATS,
        random_state=SEED,
    )
    pairs = zip(found.importances_mean.tolist(), found.importances_std.tolist(), strict=True)
    return dict(zip(training.feature_names, pairs, strict=True))
