"""Turns a fitted pipeline into an artifact that can be stored, and back into a predictor.

ONNX is preferred: opening it runs no code, and it predicts one row some twenty times quicker. It is only
used once it has proven to agree with the pipeline. What cannot be converted, or disagrees, is kept in
joblib form, which runs code when it is opened: so it is signed, and never opened unless the signature fits.
"""

import io
import logging

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from fleet.errors import ConflictError
from fleet.signing import is_signed, signature
from ml_model.persistence.model.deployment import Artifact
from ml_model.service.onnx_form import to_onnx_form
from ml_model.service.predictor import OnnxPredictor, PipelinePredictor, Predictor

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

PROBABILITY_TOLERANCE = 1e-5  # estimators run in single precision
# So do trees of regressors, which add up leaves: relative to the number, or to how far the numbers lie apart.
NUMBER_TOLERANCE = 1e-5
PUNCHED_ROWS = 200
FAR = 3
COMPRESSION = 3
LARGEST_ARTIFACT = 200 * 2**20  # PostgreSQL takes a value of a GiB, which is this one's text twice over


class ArtifactTooLargeError(ConflictError):
    """The fitted model takes more bytes than are stored of one."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The trained model takes {size >> 20} MiB; at most {LARGEST_ARTIFACT >> 20} are stored",
            "Set a smaller one: fewer or shallower trees (n_estimators, max_depth, min_samples_leaf)",
        )


class UntrustedArtifactError(ConflictError):
    """A joblib artifact does not carry the signature of this service's key."""

    def __init__(self) -> None:
        super().__init__(
            "The stored model does not carry this service's signature, so it was not opened",
            "Restore the artifact key that signed it, or train the model again",
        )


class UnreadableArtifactError(ConflictError):
    """The versions of the libraries that are installed cannot open the model, or predict with it."""

    def __init__(self) -> None:
        super().__init__(
            "The stored model cannot be opened here, perhaps because libraries were updated since",
            "Train the model again, or go back to the versions that it was trained with",
        )


def make_artifact(pipeline: Pipeline, features: Floats, key: bytes) -> Artifact:
    """The artifact of a fitted pipeline; raises ArtifactTooLargeError.

    features: the training rows, on which ONNX has to agree.
    """
    artifact = _made(pipeline, features, key)
    if len(artifact.data) > LARGEST_ARTIFACT:
        raise ArtifactTooLargeError(len(artifact.data))
    return artifact


def _made(pipeline: Pipeline, features: Floats, key: bytes) -> Artifact:
    onnx = _converted(pipeline, features.shape[1])
    if onnx is not None and _agrees(OnnxPredictor(onnx), PipelinePredictor(pipeline), features):
        return Artifact("onnx", onnx)
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=COMPRESSION)
    return Artifact("joblib", buffer.getvalue(), signature(buffer.getvalue(), key))


def open_artifact(artifact: Artifact, key: bytes, *, threads: int = 0) -> Predictor:
    """The predictor of a stored model. threads: as OnnxPredictor's.

    Raises UntrustedArtifactError, UnreadableArtifactError.
    """
    is_onnx = artifact.format == "onnx"
    if not is_onnx and not is_signed(artifact.data, artifact.signature or b"", key):
        raise UntrustedArtifactError
    try:
        if is_onnx:
            return OnnxPredictor(artifact.data, threads)
        return PipelinePredictor(joblib.load(io.BytesIO(artifact.data)))
    except Exception as error:  # whatever the libraries raise
        log.exception("A stored model cannot be opened")
        raise UnreadableArtifactError from error


def _converted(pipeline: Pipeline, features: int) -> bytes | None:
    try:
        return to_onnx_form(pipeline, features)
    except Exception as error:  # noqa: BLE001  # converters fail in any way they like; joblib always works
        log.warning("Kept in joblib form, as it cannot be converted to ONNX: %s", error)
        return None


def _agrees(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    """Whether both give the same answers, also of rows with gaps and far from the others."""
    punched = features[:PUNCHED_ROWS].copy()
    rows = np.arange(len(punched))
    punched[rows, rows % features.shape[1]] = np.nan
    centre = np.nan_to_num(np.nanmean(punched, axis=0)) if len(punched) else 0.0
    far = centre + FAR * (features[:PUNCHED_ROWS] - centre)
    agree = _same_numbers if fitted.gives_numbers else _same_classes
    return all(agree(onnx, fitted, rows) for rows in (features, punched, far))


def _same_numbers(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    ours, theirs = onnx.predict(features).labels, fitted.predict(features).labels
    spread = float(theirs.std()) if len(theirs) else 0.0
    if np.allclose(ours, theirs, rtol=NUMBER_TOLERANCE, atol=NUMBER_TOLERANCE * spread):
        return True
    log.warning("Kept in joblib form, as its ONNX form gives other numbers")
    return False


def _same_classes(onnx: OnnxPredictor, fitted: PipelinePredictor, features: Floats) -> bool:
    """The same labels and probabilities."""
    ours, theirs = onnx.predict(features), fitted.predict(features)
    other = ours.labels != theirs.labels
    # A tie may go either way: votes are added up in another order.
    if other.any() and (fitted.margins(features[other]) > PROBABILITY_TOLERANCE).any():
        log.warning("Kept in joblib form, as its ONNX form gives other labels")
        return False
    if ours.probabilities is None or theirs.probabilities is None:
        return True
    if not np.allclose(ours.probabilities, theirs.probabilities, atol=PROBABILITY_TOLERANCE):
        log.warning("Kept in joblib form, as its ONNX form gives other probabilities")
        return False
    return True
