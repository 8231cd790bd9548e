"""Writes a trained model as an MLflow model on disk: a pipeline that takes distances and stations."""

import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import LoggedModel
from mlflow.models import Model, infer_signature
from mlflow.models.model import MLMODEL_FILE_NAME
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TrainedModel

with warnings.catch_warnings():  # MLflow warns of type hints of its own
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    import mlflow.sklearn

REQUIREMENTS = ("numpy", "pandas", "scikit-learn", "scipy", "skops")


def save_model(trained: TrainedModel, example: pd.DataFrame, folder: Path) -> Model:
    """Save with signature and input example into a folder that does not exist yet.

    MLflow's own way would spend seconds on a guess at the requirements.
    """
    pipeline = as_pipeline(trained, example)
    description = Model()
    mlflow.sklearn.save_model(
        pipeline,
        str(folder),
        mlflow_model=description,
        serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS,
        signature=infer_signature(example, pipeline.predict(example)),
        input_example=example,
        pip_requirements=_requirements(),
    )
    return description


def as_pipeline(trained: TrainedModel, example: pd.DataFrame) -> Pipeline:
    """The same model as one scikit-learn pipeline. example: rows of distance and station."""
    columns = ColumnTransformer(
        [("distance", "passthrough", [DISTANCE]), ("station", trained.encoder, [STATION])]
    )
    columns.fit(example)
    # Fitted on a few rows just now; what was learnt in training takes the place of that.
    columns.transformers_ = [
        (name, trained.encoder if name == "station" else part, names)
        for name, part, names in columns.transformers_
    ]
    width = trained.feature_count
    columns.output_indices_ = {
        "distance": slice(0, 1),
        "station": slice(1, width),
        "remainder": slice(0, 0),
    }
    pipeline = Pipeline([("columns", columns), ("regression", trained.regression)])
    theirs = pipeline.predict(example)
    ours = trained.predict(example[DISTANCE].to_numpy(), example[STATION].to_list())
    if not np.allclose(theirs, ours, rtol=1e-9):
        raise RuntimeError("The pipeline for MLflow does not predict what the model does")
    return pipeline


def belongs_to(description: Model, folder: Path, logged: LoggedModel, run_id: str) -> None:
    """Write down which run the model comes from, once MLflow has numbered both."""
    description.artifact_path = logged.artifact_location
    description.model_uuid = description.model_id = logged.model_id
    description.run_id = run_id
    description.save(str(folder / MLMODEL_FILE_NAME))


@cache
def _requirements() -> list[str]:
    return [f"mlflow=={mlflow.__version__}", *(f"{name}=={version(name)}" for name in REQUIREMENTS)]
