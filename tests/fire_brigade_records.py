"""Where the real fire brigade records lie that tests use when they are there."""

import os
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def _found() -> Path | None:
    shared = Path(os.environ.get("MLFLEET_SHARED", PROJECT.parent / "shared"))
    return shared / "lfb" if (shared / "lfb").is_dir() else None


LFB = _found()
"""Folder of the real records, or None."""
