"""Where files are, and which a request may name."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fire_brigade.persistence.repository.model_files import ModelPaths
from fleet.errors import InvalidRequestError

DATA, MODELS = "data", "models"
MODEL_SUFFIXES = (".pkl", ".joblib")


class FeatureFiles(NamedTuple):
    """Where the records and stations are read, and the features written."""

    incidents: Path
    mobilisations: Path
    stations: Path
    features: Path


class Places(NamedTuple):
    """Where files are by default. made_up, evaluation: folders."""

    records: FeatureFiles
    made_up: Path
    model: ModelPaths
    evaluation: Path

    def missing(self) -> list[str]:
        """Names of the files that a working system has and that are not there, in the order of the steps."""
        incidents, mobilisations, _, features = self.records
        files = (incidents, mobilisations, features, *self.model)
        return [file.name for file in files if not file.is_file()]


class ForeignPathError(InvalidRequestError):
    """A request names a file that is none of ours."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} names a file outside of the data and model folders",
            "Name a file below data/ or models/, such as data/global_data.csv",
        )


class ModelNameError(InvalidRequestError):
    """A request would write a model over something else."""

    def __init__(self, field: str) -> None:
        super().__init__(
            f"{field} must name a file that ends with {' or '.join(MODEL_SUFFIXES)}",
            "Name a file such as models/linear_regression_model.pkl",
        )


class SameFileError(InvalidRequestError):
    """A request gives one file two parts to play."""

    def __init__(self, field: str, other: str) -> None:
        super().__init__(
            f"{field} names the same file as {other}",
            "Name a file for each; one that is not given is the usual one, which no other may be",
        )


def check_different(files: Mapping[str, Path]) -> None:
    """files: by field; they need not be there. Raises SameFileError."""
    seen: dict[object, str] = {}
    for field, path in files.items():
        names: list[object] = [path.resolve()]
        with suppress(OSError):
            found = path.stat()  # one file may have several names
            names.append((found.st_dev, found.st_ino))
        for name in names:
            if name in seen:
                raise SameFileError(field, seen[name])
        seen.update(dict.fromkeys(names, field))


@dataclass(frozen=True)
class Folders:
    """The folders that requests may name files in, wherever they really are: as `data/…` and `models/…`."""

    data: Path
    models: Path

    def file(self, given: str, field: str) -> Path:
        """The file that is meant, links followed. Raises ForeignPathError."""
        ours = {DATA: self.data, MODELS: self.models}
        path = Path(given)
        first, *rest = path.parts or ("",)
        try:
            path = (ours[first].joinpath(*rest) if first in ours else path).resolve()
        except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a NUL
            raise ForeignPathError(field) from error
        if not any(folder.resolve() in path.parents for folder in ours.values()):
            raise ForeignPathError(field)
        return path

    def model_file(self, given: str, field: str) -> Path:
        """The same of a model or an encoder. Raises ModelNameError too."""
        path = self.file(given, field)
        if path.suffix not in MODEL_SUFFIXES or path.is_dir():
            raise ModelNameError(field)
        return path
