"""The table of all candidates of a search, in the form of MLflow's `log_table`, which its pages show as one.

MLflow's own function would read the artifact back first, for it adds rows to what is there.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TABLE_ARTIFACT = "candidates.json"
TABLE_TAG = ("mlflow.loggedArtifacts", json.dumps([{"path": TABLE_ARTIFACT, "type": "table"}]))
SCORES = ("mean_score", "std_score", "fold_scores", "fit_seconds", "failure")


def candidates_table(candidates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Columns and rows: rank (1 is best, None without a score), hyperparameters, scores, seconds, failure.

    The rows stand in the order of the candidates, in which scikit-learn and `fold_scores` number them.
    """
    names = list(dict.fromkeys(name for each in candidates for name in each["params"]))
    ranks = _ranks([each["mean_score"] for each in candidates])
    rows = [
        [
            rank,
            *(_cell(each["params"].get(name)) for name in names),
            *(_cell(each.get(score)) for score in SCORES),
        ]
        for rank, each in zip(ranks, candidates, strict=True)
    ]
    return {"columns": ["rank", *names, *SCORES], "data": rows}


def _ranks(scores: Sequence[float | None]) -> list[int | None]:
    """Equal ones share the better rank."""
    numbers = [score for score in scores if score is not None and math.isfinite(score)]
    first: dict[float, int] = {}
    for place, score in enumerate(sorted(numbers, reverse=True), start=1):
        first.setdefault(score, place)
    return [None if score is None else first.get(score) for score in scores]


def _cell(value: Any) -> Any:
    """A value that JSON and a cell can hold: lists and objects as text, what is no number as null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return json.dumps([_cell(each) for each in value])
    return json.dumps(value) if isinstance(value, dict) else value
