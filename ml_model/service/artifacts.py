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
from ml_model.service.agreement import agrees
from ml_model.service.onnx_form import NoOnnxFormError, to_onnx_form
from ml_model.service.predictor import OnnxPredictor, PipelinePredictor, Predictor

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

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
    onnx = _onnx_form(pipeline, features)
    if onnx is not None:
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


def _onnx_form(pipeline: Pipeline, features: Floats) -> bytes | None:
    """The bytes of one that answers as the pipeline does, None where there is none."""
    try:
        onnx = to_onnx_form(pipeline, features.shape[1])
        return onnx if agrees(OnnxPredictor(onnx), PipelinePredictor(pipeline), features) else None
    except NoOnnxFormError as reason:
        log.info("Kept in joblib form: %s", reason)
    except Exception:  # whatever the libraries raise; joblib always works
        log.exception("Kept in joblib form, as its ONNX form could not be made")
    return None
