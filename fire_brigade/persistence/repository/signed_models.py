"""A model and its encoder as signed files, and back.

Opening joblib's format runs code, so each file begins with a signature by the service's key, and nothing is
opened whose signature does not fit. What is signed names the part that the file holds and the training that
it comes from: files cannot be mistaken for one another, nor be of two trainings.
"""

import io
import secrets
from dataclasses import dataclass

import joblib
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.trained_model import TrainedModel
from fleet.errors import ConflictError
from fleet.signing import SIGNATURE_BYTES, is_signed, signature

MAGIC = b"mlfleet signed joblib 1\n"
TRAINING_BYTES = 16
MODEL, ENCODER = b"fire_brigade model", b"fire_brigade encoder"


class UntrustedModelError(ConflictError):
    """A file was not written by this service, or was changed since."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file {name} does not carry this service's signature, so it was not opened",
            "Restore the artifact key that signed it, or train the model again (POST /train_model)",
        )


class UnmatchedModelError(ConflictError):
    """A model and an encoder are not of the same training."""

    def __init__(self, model: str, encoder: str) -> None:
        super().__init__(
            f"The files {model} and {encoder} are not of the same training",
            "Name two files of one training, or train the model again (POST /train_model)",
        )


@dataclass(frozen=True)
class SignedModel:
    """The content of both files."""

    model: bytes
    encoder: bytes


def sign_model(trained: TrainedModel, key: bytes) -> SignedModel:
    """The model as files hold it."""
    training = secrets.token_bytes(TRAINING_BYTES)
    return SignedModel(
        _sealed(trained.regression, MODEL, training, key), _sealed(trained.encoder, ENCODER, training, key)
    )


def open_model(signed: SignedModel, key: bytes, names: tuple[str, str]) -> TrainedModel:
    """The model, if both parts are ours and belong together. names: of the two files, for errors.

    Raises UntrustedModelError, UnmatchedModelError.
    """
    model_training, model = _opened(signed.model, MODEL, key, names[0])
    encoder_training, encoder = _opened(signed.encoder, ENCODER, key, names[1])
    if model_training != encoder_training:
        raise UnmatchedModelError(*names)
    return TrainedModel(joblib.load(io.BytesIO(model)), joblib.load(io.BytesIO(encoder)))


def training_of(data: bytes) -> str:
    """The number of the training that the content of a file says it is of; nothing vouches for it yet."""
    start = len(MAGIC) + SIGNATURE_BYTES
    return data[start : start + TRAINING_BYTES].hex()


def _sealed(part: LinearRegression | OneHotEncoder, kind: bytes, training: bytes, key: bytes) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(part, buffer)
    content = training + buffer.getvalue()
    return MAGIC + signature(kind + content, key) + content


def _opened(data: bytes, kind: bytes, key: bytes, name: str) -> tuple[bytes, bytes]:
    """The training's number and joblib's bytes."""
    start = len(MAGIC) + SIGNATURE_BYTES
    given, content = data[len(MAGIC) : start], data[start:]
    if not data.startswith(MAGIC) or not is_signed(kind + content, given, key):
        raise UntrustedModelError(name)
    return content[:TRAINING_BYTES], content[TRAINING_BYTES:]
