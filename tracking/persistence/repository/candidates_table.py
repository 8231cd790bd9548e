"""The table of all candidates of a search, in the form of MLflow's `log_table`, which its pages show as one.

MLflow's own function would read the artifact back first, for it adds rows to what is there.
"""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tracking.persistence.model.search import CandidateResult

TABLE_ARTIFACT = "candidates.json"
TABLE_TAG = ("mlflow.loggedArtifacts", json.dumps([{"path": TABLE_ARTIFACT, "type": "table"}]))
SCORES = ("mean_score", "std_score", "scores", "fit_seconds", "rows", "reason")


def candidates_table(candidates: Sequence[CandidateResult]) -> dict[str, Any]:
    """Columns and rows: rank (1 is best, None without a score), hyperparameters, scores, cost, failure.

    The rows stand in the order in which the candidates were tried.
    """
    names = list(dict.fromkeys(name for each in candidates for name in each.hyperparameters))
    ranks = _ranks([each.mean_score for each in candidates])
    rows = [
        [
            rank,
            *(_cell(each.hyperparameters.get(name)) for name in names),
            *(_cell(getattr(each, score)) for score in SCORES),
        ]
        for rank, each in zip(ranks, candidates, strict=True)
    ]
    return {"columns": ["rank", *names, *SCORES], "data": rows}


def _ranks(scores: Sequence[float]) -> list[int | None]:
    """Equal ones share the better rank."""
    numbers = [score for score in scores if math.isfinite(score)]
    first: dict[float, int] = {}
    for place, score in enumerate(sorted(numbers, reverse=True), start=1):
        first.setdefault(score, place)
    return [first.get(score) for score in scores]


def _cell(value: Any) -> Any:
    """A value that JSON and a cell can hold: lists and objects as text, what is no number as null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return json.dumps([_cell(each) for each in value])
    return json.dumps(value) if isinstance(value, dict) else value
