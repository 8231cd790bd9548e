"""Two small searches, made once, that the tests of their recording share."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from tests.searches import searches_in
from tracking.persistence.model.search import SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.search_log import Drawn

GRIDS: Mapping[str, Any] = {"LogisticRegression": {"C": [0.1, 1.0]}, "SVC": {"C": [1, 10], "kernel": ["rbf"]}}
REQUEST = SearchRequest([*GRIDS], GRIDS, "accuracy", 2, "standard_scaler")
ROWS = TrainingSet(
    "wine",
    ("x", "y"),
    np.arange(24.0).reshape(12, 2),
    np.repeat([0, 1, 2], 4),
    snapshot_id=7,
    snapshot_digest="0123456789abcdef" * 4,
)


@cache
def _searches() -> list[SavedSearch]:
    return searches_in(Path(mkdtemp(prefix="searched-")), REQUEST, ROWS)


def searches(folder: Path) -> list[SavedSearch]:
    """Copies of the two in that folder: to be recorded, their models are written into."""
    copied = []
    for search in _searches():
        to = folder / search.model_name
        shutil.copytree(search.folder, to)
        copied.append(replace(search, folder=to))
    return copied


def no_pictures(search: SavedSearch, request: SearchRequest, training: TrainingSet) -> Drawn:
    """Draws nothing."""
    del search, request, training
    return Drawn({}, {})
