"""Deletes the data of a stack that is down, after saying what."""

import shutil
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


@dataclass(frozen=True)
class Doomed:
    """A folder that would be deleted. size: of its files, in bytes."""

    path: Path
    content: str
    size: int


def find_data(state_dir: Path) -> list[Doomed]:
    """The data folders there are below this state folder."""
    return [
        Doomed(path, content, _size(path))
        for name, content in DATA_FOLDERS.items()
        if (path := state_dir / name).exists()
    ]


def delete(doomed: list[Doomed]) -> None:
    """Deletes these folders and all in them."""
    for folder in doomed:
        shutil.rmtree(folder.path)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
