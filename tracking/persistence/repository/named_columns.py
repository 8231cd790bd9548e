"""Models that take what a user has: columns by name, and categories by theirs.

The catalogue's pipelines take arrays in which a category is its position in the feature's list. In front of
them goes an encoder of scikit-learn's own, so that whoever loads the model needs none of our code. It reads
names as db.categories does: missing and unknown ones become NaN.
"""

from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from tracking.persistence.model.search import TrainingSet


def frame_of(training: TrainingSet, rows: slice = slice(None)) -> pd.DataFrame:
    """The features as a user has them: numbers, and names of categories; None where a name is missing."""
    frame = pd.DataFrame(training.features[rows], columns=list(training.feature_names))
    for feature, names in _categories(training).items():
        known = np.array([None, *names], dtype=object)
        frame[feature] = known[frame[feature].fillna(-1).astype(int).to_numpy() + 1]
    return frame


def with_names(pipeline: Pipeline, training: TrainingSet) -> Pipeline:
    """The unfitted pipeline, made to take frames like `frame_of`'s."""
    categories = _categories(training)
    if not categories:
        return pipeline
    parts: list[tuple[str, Any, list[str]]] = []
    # Side by side in the order of the features, which is what the pipeline goes by.
    for names, group in groupby(training.feature_names, key=lambda feature: categories.get(feature, ())):
        features = list(group)
        step = _encoder(names, len(features)) if names else "passthrough"
        parts.append((f"columns_{len(parts)}", step, features))
    return Pipeline([("names", ColumnTransformer(parts)), *pipeline.steps])


def _categories(training: TrainingSet) -> dict[str, tuple[str, ...]]:
    named = zip(training.feature_names, training.category_names, strict=False)
    return {feature: names for feature, names in named if names}


def _encoder(names: tuple[str, ...], features: int) -> OrdinalEncoder:
    return OrdinalEncoder(
        categories=[np.array(names, dtype=object)] * features,
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
