"""Finds the data of a stack, to say what would be deleted, and deletes it once the stack is down."""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True)
class Doomed:
    """A file, folder or volume that would be deleted. size: for people."""

    name: str
    content: str
    size: str = ""


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
    if path.is_file():
        return path.stat().st_size
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            with suppress(FileNotFoundError):  # of a stack that runs: files come and go
                total += (Path(parent) / name).lstat().st_size
    return total
