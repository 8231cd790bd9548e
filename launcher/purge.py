"""Finds the data of a stack, to say what would be deleted, and deletes it once the stack is down."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# The virtual environment and other tools stay: they hold nothing of the user's and take minutes to install.
DATA_FOLDERS = {
    "postgres": "both databases",
    "mlartifacts": "MLflow's models and files",
    "secrets": "the key that signs stored models",
    "logs": "the logs",
    "run": "what was running",
}
# Of no use without the databases, which are of little use without them.
KEPT_WITH_DATABASES = frozenset({"mlartifacts", "secrets"})


@dataclass(frozen=True)
class Doomed:
    """A folder that would be deleted. size: of its files, in bytes."""

    path: Path
    content: str
    size: int


def find_data(state_dir: Path, *, databases_stay: bool = False) -> list[Doomed]:
    """The data folders there are below this state folder.

    databases_stay: they are on a server elsewhere, so what belongs to them stays too.
    """
    kept = KEPT_WITH_DATABASES if databases_stay else frozenset()
    return [
        Doomed(path, content, _size(path))
        for name, content in DATA_FOLDERS.items()
        if name not in kept and (path := state_dir / name).exists()
    ]


def delete(doomed: list[Doomed]) -> None:
    """Deletes these folders and all in them."""
    for folder in doomed:
        with suppress(FileNotFoundError):  # deleted already by somebody else who was asked the same
            shutil.rmtree(folder.path)


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # of a stack that runs: files come and go
                total += (Path(parent) / name).lstat().st_size
    return total
