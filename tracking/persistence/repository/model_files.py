"""Fitted pipelines as MLflow models on disk."""

from pathlib import Path

import mlflow.sklearn
import numpy as np
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, DataType, Schema
from sklearn.pipeline import Pipeline

from fleet.mlflow_client import save_model
from tracking.persistence.model.search import FinishedSearch, SavedSearch, TrainingSet
from tracking.persistence.repository.named_columns import frame_of
from tracking.utils.quiet import no_warnings

EXAMPLE_ROWS = 5
# skops trusts no type that it was not told of; these libraries' own are as safe as the libraries.
TRUSTED_LIBRARIES = ("numpy.", "scipy.", "sklearn.")


def save(search: FinishedSearch, training: TrainingSet, folder: Path) -> SavedSearch:
    """Save the search's model with signature and input example into a folder that does not exist yet."""
    example = frame_of(training, slice(EXAMPLE_ROWS))
    file_format, trusted = format_of(search.pipeline)
    outputs = infer_signature(example, search.pipeline.predict(example)).outputs
    with no_warnings():  # MLflow warns about type hints of its own
        save_model(
            search.pipeline,
            folder,
            serialization_format=file_format,
            skops_trusted_types=trusted,
            signature=ModelSignature(_inputs(training), outputs),
            # As objects: MLflow would write a missing number as NaN, which is no JSON.
            input_example=example.astype(object).replace({np.nan: None}),
        )
    told = {name: value for name, value in vars(search).items() if name != "pipeline"}
    return SavedSearch(**told, folder=folder, model_format=file_format)


def load(folder: Path) -> Pipeline:
    """The fitted pipeline of a folder that `save` has written."""
    with no_warnings():
        return mlflow.sklearn.load_model(str(folder))


def _inputs(training: TrainingSet) -> Schema:
    """Every column must be there; what is missing in it is null."""
    names = training.category_names or ((),) * len(training.feature_names)
    kinds = [DataType.string if each else DataType.double for each in names]
    return Schema([ColSpec(kind, name) for kind, name in zip(kinds, training.feature_names, strict=True)])


def format_of(pipeline: Pipeline) -> tuple[str, list[str] | None]:
    """How its file is to be written, and the types in it that skops is to trust.

    skops looks through all of SciPy, scikit-learn and the latter's tests: half of what the web's process took
    to start, and that one saves no model.
    """
    from skops.io import dumps, get_untrusted_types  # type: ignore[import-untyped]  # noqa: PLC0415
    from skops.io.exceptions import UnsupportedTypeException  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        untrusted = get_untrusted_types(data=dumps(pipeline))
    except UnsupportedTypeException:
        return mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE, None
    if all(name.startswith(TRUSTED_LIBRARIES) for name in untrusted):
        return mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS, untrusted
    return mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE, None
