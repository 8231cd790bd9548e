"""Where the rows of a use case come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_wine

from db.definition import Task
from simulator.persistence.model.simulated_use_case import BundledSource, SimulatedUseCase, SyntheticSource

INFORMATIVE_SHARE = 0.6
CENTRE_DEVIATION = 1.25  # near enough that no model tells all rows apart


@dataclass(frozen=True)
class SourceRows:
    """All rows of a use case. features: (rows, features); target: (rows,)."""

    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]


def read_source(use_case: SimulatedUseCase) -> SourceRows:
    """The rows, in the order that numbers them."""
    match use_case.source:
        case BundledSource():
            return _wine(use_case)
        case SyntheticSource() as source:
            return _synthetic(source, use_case.task, len(use_case.features))


def _wine(use_case: SimulatedUseCase) -> SourceRows:
    features, target = load_wine(return_X_y=True, as_frame=True)
    features.columns = [name.replace("/", "__") for name in features.columns]
    return SourceRows(
        features[list(use_case.feature_names)].to_numpy(dtype=float), target.to_numpy(dtype=float)
    )


def _synthetic(source: SyntheticSource, task: Task, features: int) -> SourceRows:
    """Gaussian clouds, one a class: quick to make, also by the million.

    Only a share of the features tells the classes apart, or determines the number; the others are noise.
    """
    random = np.random.default_rng(source.seed)
    values = random.standard_normal((source.rows, features))
    informative = max(1, round(INFORMATIVE_SHARE * features))
    if task is Task.REGRESSION:
        weights = random.standard_normal(informative)
        return SourceRows(values, values[:, :informative] @ weights + random.standard_normal(source.rows))
    target = random.permutation(np.arange(source.rows) % source.classes)
    centres = random.normal(0, CENTRE_DEVIATION, (source.classes, informative))
    values[:, :informative] += centres[target]
    return SourceRows(values, target.astype(float))
