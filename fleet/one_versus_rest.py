"""One binary model per class, in which each row weighs what its own class weighs."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_class_weight

ClassWeight = Mapping[int, float] | str | None


class WeighedOneVsRestClassifier(OneVsRestClassifier):  # type: ignore[misc]  # no types
    """Class weights, "balanced" too, speak of the classes that there are, and become weights of rows.

    OneVsRestClassifier would hand them on to binary models, whose classes are 0 and 1.

    estimator: takes `sample_weight`, and has no `class_weight` of its own.
    """

    def __init__(self, estimator: BaseEstimator, class_weight: ClassWeight = None) -> None:
        super().__init__(estimator)
        self.class_weight = class_weight

    def fit(self, features: npt.NDArray[np.float64], target: npt.NDArray[Any]) -> Self:
        """features: (rows, features); target: (rows,). Raises ValueError on weights that do not fit."""
        self.label_binarizer_ = LabelBinarizer().fit(target)
        self.classes_ = self.label_binarizer_.classes_
        of_class = compute_class_weight(self.class_weight, classes=self.classes_, y=target)
        if (of_class == 0).any():
            weightless = self.classes_[np.argmin(of_class)]
            raise ValueError(
                f"class {weightless:g} weighs nothing, so that no model can tell it from the rest"
            )
        weights = of_class[np.searchsorted(self.classes_, target)]
        self.estimators_ = [
            clone(self.estimator).fit(features, (target == each).astype(int), sample_weight=weights)
            for each in self.classes_
        ]
        self.n_features_in_ = self.estimators_[0].n_features_in_
        return self

    def plain(self) -> OneVsRestClassifier:
        """The fitted model as scikit-learn's own class, which can be loaded where this module is not."""
        made = OneVsRestClassifier(self.estimator)
        for name in ("label_binarizer_", "classes_", "estimators_", "n_features_in_"):
            setattr(made, name, getattr(self, name))
        return made


def of_scikit_learn_alone(pipeline: Pipeline) -> Pipeline:
    """The fitted pipeline, made of scikit-learn's own classes."""
    name, estimator = pipeline.steps[-1]
    if isinstance(estimator, WeighedOneVsRestClassifier):
        pipeline.steps[-1] = (name, estimator.plain())
    return pipeline
