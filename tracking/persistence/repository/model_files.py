"""Writes a fitted pipeline as an MLflow model on disk, without MLflow's slow guess at its requirements."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import mlflow.sklearn
import pandas as pd
from mlflow.entities import LoggedModel
from mlflow.models import Model, infer_signature
from mlflow.models.model import MLMODEL_FILE_NAME
from sklearn.pipeline import Pipeline
from skops.io import dumps, get_untrusted_types  # type: ignore[import-untyped]
from skops.io.exceptions import UnsupportedTypeException  # type: ignore[import-untyped]

from tracking.persistence.model.search import TrainingSet
from tracking.utils.quiet import no_warnings

EXAMPLE_ROWS = 5
REQUIREMENTS = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
# skops trusts no type that it was not told of; these libraries' own are as safe as the libraries.
TRUSTED_LIBRARIES = ("numpy.", "scipy.", "sklearn.")


@dataclass(frozen=True)
class SavedModel:
    """An MLflow model in a local folder.

    format: skops, or cloudpickle where skops cannot hold the pipeline.
    """

    folder: Path
    description: Model
    format: str

    def belongs_to(self, logged: LoggedModel, run_id: str) -> None:
        """Write down which run the model comes from, once MLflow has numbered both."""
        self.description.artifact_path = logged.artifact_location
        self.description.model_uuid = self.description.model_id = logged.model_id
        self.description.run_id = run_id
        self.description.save(str(self.folder / MLMODEL_FILE_NAME))


def save(pipeline: Pipeline, training: TrainingSet, folder: Path) -> SavedModel:
    """Save the fitted pipeline with signature and input example into a folder that does not exist yet."""
    example = pd.DataFrame(training.features[:EXAMPLE_ROWS], columns=list(training.feature_names))
    file_format, trusted = _format(pipeline)
    description = Model()
    with no_warnings():  # MLflow warns about type hints of its own
        mlflow.sklearn.save_model(
            pipeline,
            str(folder),
            mlflow_model=description,
            serialization_format=file_format,
            skops_trusted_types=trusted,
            signature=infer_signature(example, pipeline.predict(example)),
            input_example=example,
            pip_requirements=_requirements(),
        )
    return SavedModel(folder, description, file_format)


def _format(pipeline: Pipeline) -> tuple[str, list[str] | None]:
    try:
        untrusted = get_untrusted_types(data=dumps(pipeline))
    except UnsupportedTypeException:
        return mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE, None
    if all(name.startswith(TRUSTED_LIBRARIES) for name in untrusted):
        return mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS, untrusted
    return mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE, None


@cache
def _requirements() -> list[str]:
    # Its version from itself: the service may carry only the part of it that is called mlflow-skinny.
    return [f"mlflow=={mlflow.__version__}", *(f"{name}=={version(name)}" for name in REQUIREMENTS)]
