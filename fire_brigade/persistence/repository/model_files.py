"""The two files that hold a model and its encoder.

Two files cannot take the places of two others at once. So a new encoder first gets a name with the number of
its training, then the model its own, then the encoder its own: whatever stops this, the model that is there
has its encoder under the one name or the other.
"""

import glob
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.data_files import only_writer
from fire_brigade.persistence.repository.signed_models import (
    SignedModel,
    UnmatchedModelError,
    open_model,
    sign_model,
    training_of,
)
from fleet.errors import ConflictError
from fleet.whole_files import put, staged

ATTEMPTS, PAUSE_S = 3, 0.05  # a training may be putting both files in their place at the same time


class NoModelError(ConflictError):
    """There is no model yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file {name} is not there: there is no trained model to predict with",
            "Train one: POST /train_model, or train-model on the command line",
        )


@dataclass(frozen=True)
class ModelPaths:
    """Where a model and its encoder are, or will be."""

    model: Path
    encoder: Path


class ModelFiles:
    """Reads and writes models. The one read last is kept in memory as long as its files stay as they are."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kept: tuple[object, TrainedModel] | None = None

    def sign(self, trained: TrainedModel) -> SignedModel:
        """The content of the files that are to hold it."""
        return sign_model(trained, self._key)

    def open(self, signed: SignedModel, names: tuple[str, str]) -> TrainedModel:
        """What files of these names hold. Raises UntrustedModelError, UnmatchedModelError."""
        return open_model(signed, self._key, names)

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
            _forget_others(paths.encoder)

    def read(self, paths: ModelPaths) -> TrainedModel:
        """Raises NoModelError, UntrustedModelError, UnmatchedModelError."""
        state = _state(paths)
        if self._kept is not None and self._kept[0] == state:
            return self._kept[1]
        for _ in range(ATTEMPTS - 1):
            try:
                return self._keep(paths)
            except UnmatchedModelError:
                time.sleep(PAUSE_S)
        return self._keep(paths)

    def _keep(self, paths: ModelPaths) -> TrainedModel:
        state = _state(paths)
        model = _bytes(paths.model)
        signed = SignedModel(model, _encoder_of(model, paths.encoder))
        opened = self.open(signed, (paths.model.name, paths.encoder.name))
        self._kept = (state, opened)
        return opened


def _state(paths: ModelPaths) -> object:
    """Changes when either file does."""
    stats: list[object] = []
    for path in (paths.model, paths.encoder):
        with suppress(OSError):
            found = path.stat()
            stats.append((str(path), found.st_ino, found.st_size, found.st_mtime_ns))
    return stats


def _aside(encoder: Path, model: bytes) -> Path:
    """Where the encoder of this model's training is until it has its own name."""
    return encoder.with_name(f".{encoder.name}.of-{training_of(model)}")


def _encoder_of(model: bytes, encoder: Path) -> bytes:
    with suppress(OSError):
        return _aside(encoder, model).read_bytes()
    return _bytes(encoder)


def _forget_others(encoder: Path) -> None:
    """Removes what trainings that were stopped have left; what cannot be removed does no harm."""
    for left in encoder.parent.glob(f".{glob.escape(encoder.name)}.of-*"):
        with suppress(OSError):
            left.unlink()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoModelError(path.name) from error
