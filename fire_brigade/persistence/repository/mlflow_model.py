"""A trained model as an MLflow model: a pipeline that takes distances and stations."""

from pathlib import Path

import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TrainedModel
from fleet.mlflow_client import save_model


def save(trained: TrainedModel, example: pd.DataFrame, folder: Path) -> None:
    """Save with signature and input example into a folder that does not exist yet.

    example: rows of distance and station.
    """
    pipeline = as_pipeline(trained, example)
    signature = infer_signature(example, pipeline.predict(example))
    save_model(pipeline, folder, signature=signature, input_example=example)


def as_pipeline(trained: TrainedModel, example: pd.DataFrame) -> Pipeline:
    """The same model as one scikit-learn pipeline, to which the example tells the names of the columns."""
    categories = trained.encoder.categories_  # what was learnt: nothing is to be learnt of the example
    encoder = OneHotEncoder(categories=categories, handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [("distance", "passthrough", [DISTANCE]), ("station", encoder, [STATION])]
    ).fit(example)
    return Pipeline([("columns", columns), ("regression", trained.regression)])
