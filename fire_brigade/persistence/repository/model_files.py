"""The two files that hold a model and its encoder."""

import time
from dataclasses import dataclass
from pathlib import Path

from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.signed_models import (
    SignedModel,
    UnmatchedModelError,
    open_model,
    sign_model,
)
from fire_brigade.persistence.repository.whole_files import write_whole
from fleet.errors import ConflictError

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

    def write(self, paths: ModelPaths, signed: SignedModel) -> None:
        """Puts both files in their place. Raises FileNotWrittenError, with the old ones still there."""
        write_whole({paths.encoder: signed.encoder, paths.model: signed.model})

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
        signed = SignedModel(_bytes(paths.model), _bytes(paths.encoder))
        opened = self.open(signed, (paths.model.name, paths.encoder.name))
        self._kept = (state, opened)
        return opened


def _state(paths: ModelPaths) -> object:
    """Changes when either file does."""
    stats = []
    for path in (paths.model, paths.encoder):
        try:
            found = path.stat()
        except OSError as error:
            raise NoModelError(path.name) from error
        stats.append((str(path), found.st_ino, found.st_size, found.st_mtime_ns))
    return stats


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoModelError(path.name) from error
