"""What a rehearsal plays on a use case: its models, what fouls its rows, and by how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from client.answers import UseCase
from client.simulator import Fouling


@dataclass(frozen=True)
class Model:
    """A model and its hyperparameters."""

    name: str
    hyperparameters: Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """What is played.

    metric: that people know a model by. champion: live at first. search: of the policy, what a challenger
    is searched among. noise: moves columns and harms nothing. harm: what the champion is wrong about, and
    another model can learn. bad: predicts much worse than any of the others.
    """

    use_case: str
    metric: str
    champion: Model
    search: Mapping[str, Any]
    noise: Fouling
    harm: Fouling
    bad: Model


CLASSIFIERS = {"LogisticRegression": {"C": [0.1, 1.0, 10.0]}, "RandomForest": {"n_estimators": [100]}}
REGRESSORS = {
    "Ridge": {"alpha": [0.1, 1.0, 10.0]},
    "GradientBoostingRegressor": {"n_estimators": [100], "max_depth": [2, 3]},
}
KNOWN = {
    "wine": (
        Fouling(shift=1.0, columns=("magnesium", "nonflavanoid_phenols")),
        Fouling(shift=2.0, columns=("alcohol", "color_intensity", "proline")),
    )
}


def scene_of(use_case: UseCase) -> Scene:
    """The scene of a use case; of one that nobody has looked into, with fouling that does for most."""
    noise, harm = KNOWN.get(use_case.name, _usual_fouling(use_case))
    if use_case.task == "classification":
        metric, search = "accuracy", CLASSIFIERS
        champion = Model("LogisticRegression", {"C": 1.0, "max_iter": 1000})
        bad = Model("LogisticRegression", {"C": 1e-4})
    else:
        metric, search = "mae", REGRESSORS
        champion = Model("Ridge", {"alpha": 1.0})
        bad = Model("Ridge", {"alpha": 1e9})
    grids = {"models": [*search], "hyperparameters": search, "method": "grid"}
    return Scene(use_case.name, metric, champion, grids, noise, harm, bad)


def _usual_fouling(use_case: UseCase) -> tuple[Fouling, Fouling]:
    """A little on one column, and much on all that are numbers."""
    numbers = tuple(feature.name for feature in use_case.features if feature.type == "number")
    return Fouling(shift=0.5, columns=numbers[-1:]), Fouling(shift=3.0, columns=numbers)
