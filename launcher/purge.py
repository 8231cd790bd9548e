"""Finds the data of a stack, to say what would be deleted, and deletes it once the stack is down."""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
# The virtual environment and other tools stay: they hold nothing of the user's and take minutes to install.
LOCAL = {
    "postgres": "both databases",
    "fire_brigade": "the fire brigade's records, models and logs",
    "mlartifacts": "MLflow's models and files",
    "secrets": "users and API keys, and the key that signs stored models",
    "logs": "the logs",
    "run": "what was running",
}
PASSWORDS = ("postgres_password", "dataset_password", "mlflow_password")


@dataclass(frozen=True)
class Doomed:
    """A file, folder or volume that would be deleted. size: for people."""

    name: str
    content: str
    size: str = ""


def find_local_data(state_dir: Path, *, databases_stay: bool = False) -> list[Doomed]:
    """All that a local stack keeps below its state folder.

    databases_stay: they are on a server elsewhere, so what belongs to them stays too.
    """
    kept = {"mlartifacts", "secrets"} if databases_stay else set()  # of no use without each other
    if (state_dir / "secrets" / PASSWORDS[0]).exists():  # the containers' data needs the key
        kept.add("secrets")
    return find_paths(state_dir, {name: what for name, what in LOCAL.items() if name not in kept})


def find_containers_files(state_dir: Path) -> list[Doomed]:
    """The passwords and logs of a stack in containers, below its state folder."""
    contents = {"secrets": "the passwords, users and API keys, and the key that signs stored models"}
    if (state_dir / "postgres").exists():  # the local stack's data needs the key
        contents = {f"secrets/{name}": "password" for name in PASSWORDS}
    return find_paths(state_dir, {**contents, "logs": "the logs"})


def find_paths(state_dir: Path, contents: Mapping[str, str]) -> list[Doomed]:
    """Those of these files and folders that are below the state folder. contents: in words, by path."""
    return [
        Doomed(str(path), content, f"{_size(path) / MIB:.1f} MiB")
        for name, content in contents.items()
        if (path := state_dir / name).exists()
    ]


def delete_paths(names: Iterable[str]) -> None:
    """Deletes these files, and these folders with all in them."""
    for path in map(Path, names):
        with suppress(FileNotFoundError):  # deleted already by somebody else who was asked the same
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _size(path: Path) -> int:
    files = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
    total = 0
    for file in files if path.is_dir() else [path]:
        with suppress(FileNotFoundError):  # of a stack that runs: files come and go
            total += file.lstat().st_size
    return total
