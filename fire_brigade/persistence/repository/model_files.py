"""The two files that hold a model and its encoder, signed.

Opening joblib's format runs code, so each file begins with a signature by the service's key, and nothing is
opened whose signature does not fit. What is signed names the part that the file holds and the training that
it comes from: files cannot be mistaken for one another, nor be of two trainings.

Two files cannot take the places of two others at once. So a new encoder first gets a name with the number of
its training, then the model its own, then the encoder its own: whatever stops this, the model that is there
has its encoder under the one name or the other.
"""

import glob
import io
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import joblib

from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.locked_files import only_writer
from fleet.errors import ConflictError
from fleet.signing import seal, sealed_content, unseal
from fleet.whole_files import put, staged

TRAINING_BYTES = 16
PARTS = (b"fire_brigade model", b"fire_brigade encoder")
ATTEMPTS, PAUSE_S = 3, 0.05  # a training may be putting both files in their place at the same time


class NoModelError(ConflictError):
    """There is no model yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file {name} is not there: there is no trained model to predict with",
            "Train one: POST /train_model, or train-model on the command line",
        )


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


class ModelPaths(NamedTuple):
    """Where a model and its encoder are, or will be."""

    model: Path
    encoder: Path


class SignedModel(NamedTuple):
    """The content of both files."""

    model: bytes
    encoder: bytes


class ModelFiles:
    """Reads and writes models. The one read last is kept in memory as long as its files stay as they are."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kept: tuple[object, TrainedModel] | None = None

    def sign(self, trained: TrainedModel) -> SignedModel:
        """The content of the files that are to hold it."""
        training = secrets.token_bytes(TRAINING_BYTES)
        sealed = []
        for part, kind in zip((trained.regression, trained.encoder), PARTS, strict=True):
            buffer = io.BytesIO()
            joblib.dump(part, buffer)
            sealed.append(seal(training + buffer.getvalue(), kind, self._key))
        return SignedModel(*sealed)

    def open(self, signed: SignedModel, names: tuple[str, str]) -> TrainedModel:
        """What files of these names hold. Raises UntrustedModelError, UnmatchedModelError."""
        contents = []
        for data, kind, name in zip(signed, PARTS, names, strict=True):
            content = unseal(data, kind, self._key)
            if content is None:
                raise UntrustedModelError(name)
            contents.append(content)
        if _training_of(signed.model) != _training_of(signed.encoder):
            raise UnmatchedModelError(*names)
        return TrainedModel(*(joblib.load(io.BytesIO(content[TRAINING_BYTES:])) for content in contents))

    @contextmanager
    def replacing(self, paths: ModelPaths, signed: SignedModel) -> Iterator[None]:
        """Both files are on the disk while the block runs, and take their places if it ends well.

        A block that fails, and a process that dies, leave a model and an encoder of one training.
        Raises AlreadyRunningError while another training writes one of them, FileNotWrittenError.
        """
        with (
            only_writer(paths.model),
            only_writer(paths.encoder),
            staged(paths.model, signed.model) as model,
            staged(paths.encoder, signed.encoder) as encoder,
        ):
            yield
            aside = _aside(paths.encoder, signed.model)
            put(encoder, aside)
            put(model, paths.model)
            put(aside, paths.encoder)
            # What trainings that were stopped have left; what cannot be removed does no harm.
            for left in paths.encoder.parent.glob(f".{glob.escape(paths.encoder.name)}.of-*"):
                with suppress(OSError):
                    left.unlink()

    def read(self, paths: ModelPaths) -> TrainedModel:
        """Raises NoModelError, UntrustedModelError, UnmatchedModelError."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._read(paths)
            except UnmatchedModelError:
                time.sleep(PAUSE_S)
        return self._read(paths)

    def _read(self, paths: ModelPaths) -> TrainedModel:
        state = [_state(path) for path in paths]
        if self._kept is None or self._kept[0] != state:
            model = _bytes(paths.model)
            try:
                encoder = _aside(paths.encoder, model).read_bytes()
            except OSError:
                encoder = _bytes(paths.encoder)
            names = (paths.model.name, paths.encoder.name)
            self._kept = (state, self.open(SignedModel(model, encoder), names))
        return self._kept[1]


def _state(path: Path) -> object:
    """Changes when the file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


def _training_of(data: bytes) -> str:
    """The number of the training that the content of a file says it is of; nothing vouches for it yet."""
    return sealed_content(data)[:TRAINING_BYTES].hex()


def _aside(encoder: Path, model: bytes) -> Path:
    """Where the encoder of this model's training is until it has its own name."""
    return encoder.with_name(f".{encoder.name}.of-{_training_of(model)}")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoModelError(path.name) from error
