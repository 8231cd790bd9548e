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
from fleet.signing import seal, sealed_content, unseal

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

    def sealed(part: LinearRegression | OneHotEncoder, kind: bytes) -> bytes:
        buffer = io.BytesIO()
        joblib.dump(part, buffer)
        return seal(training + buffer.getvalue(), kind, key)

    return SignedModel(sealed(trained.regression, MODEL), sealed(trained.encoder, ENCODER))


def open_model(signed: SignedModel, key: bytes, names: tuple[str, str]) -> TrainedModel:
    """The model, if both parts are ours and belong together. names: of the two files, for errors.

    Raises UntrustedModelError, UnmatchedModelError.
    """
    contents = []
    for data, kind, name in zip((signed.model, signed.encoder), (MODEL, ENCODER), names, strict=True):
        content = unseal(data, kind, key)
        if content is None:
            raise UntrustedModelError(name)
        contents.append(content)
    if training_of(signed.model) != training_of(signed.encoder):
        raise UnmatchedModelError(*names)
    regression, encoder = (joblib.load(io.BytesIO(content[TRAINING_BYTES:])) for content in contents)
    return TrainedModel(regression, encoder)


def training_of(data: bytes) -> str:
    """The number of the training that the content of a file says it is of; nothing vouches for it yet."""
    return sealed_content(data)[:TRAINING_BYTES].hex()
