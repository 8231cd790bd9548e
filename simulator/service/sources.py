"""Where the rows of a use case come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_wine, make_classification

from simulator.persistence.model.simulated_use_case import BundledSource, SimulatedUseCase, SyntheticSource

INFORMATIVE_SHARE = 0.6


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
            return _synthetic(source, len(use_case.features))


def _wine(use_case: SimulatedUseCase) -> SourceRows:
    features, target = load_wine(return_X_y=True, as_frame=True)
    features.columns = [name.replace("/", "__") for name in features.columns]
    return SourceRows(
        features[list(use_case.feature_names)].to_numpy(dtype=float), target.to_numpy(dtype=float)
    )


def _synthetic(source: SyntheticSource, features: int) -> SourceRows:
    informative = max(2, round(INFORMATIVE_SHARE * features))
    values, target = make_classification(
        n_samples=source.rows,
        n_features=features,
        n_informative=min(features, max(informative, int(np.ceil(np.log2(2 * source.classes))))),
        n_redundant=0,
        n_classes=source.classes,
        n_clusters_per_class=1,
        random_state=source.seed,
    )
    return SourceRows(values, target.astype(float))
