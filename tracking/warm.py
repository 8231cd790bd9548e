"""Imported by the process that a worker forks its jobs from, and by nothing else.

MLflow and scikit-learn read and make much when they are first used; each job would wait for that anew.
"""

import logging

import numpy as np

from fleet.mlflow_client import save_model
from fleet.temporary import temporary_folder
from tracking.persistence.model.search import SearchRequest, TrainingSet
from tracking.persistence.repository.model_files import format_of
from tracking.persistence.repository.named_columns import frame_of
from tracking.service.fits import fit_whole, material_for
from tracking.utils.quiet import no_warnings

_MODEL = "LogisticRegression"


def _save_a_model() -> None:
    rows = TrainingSet("warm", ("x", "y"), np.arange(24.0).reshape(12, 2), np.repeat([0, 1, 2], 4))
    request = SearchRequest([_MODEL], {_MODEL: {}}, "accuracy", 2, "standard_scaler")
    with no_warnings(), temporary_folder("tracking-warm") as folder:
        fitted, _ = fit_whole(material_for(request, rows), _MODEL, {})
        fitted.predict(frame_of(rows))
        file_format, trusted = format_of(fitted)
        save_model(
            fitted,
            folder / "model",
            serialization_format=file_format,
            skops_trusted_types=trusted,
            input_example=frame_of(rows),
        )


try:
    _save_a_model()
except Exception:  # the first job will say it better, and be slower
    logging.getLogger(__name__).exception("The warm-up failed")
