"""The table of a search's candidates."""

import json
import math
from typing import Any

import numpy as np

from tracking.persistence.model.search import CandidateResult
from tracking.persistence.repository.candidates_table import candidates_table


def candidate(hyperparameters: dict[str, Any], score: float, reason: str | None = None) -> CandidateResult:
    return CandidateResult(0, hyperparameters, (score, math.nan), score, 0.1, 0.5, 212, None, reason)


def test_candidates_are_ranked_in_their_own_order() -> None:
    table = candidates_table(
        [
            candidate({"C": 1, "kernel": "rbf"}, 0.8),
            candidate({"C": np.float64(2.0)}, 0.9),
            candidate({"C": 3, "class_weight": {"0": 2}}, 0.9),
            candidate({"C": None, "layers": [1, 2]}, math.nan, "it does not converge"),
            candidate({"C": 4}, math.nan, "there was no time left"),
        ]
    )
    assert table["columns"] == [
        *("rank", "C", "kernel", "class_weight", "layers"),
        *("mean_score", "std_score", "scores", "fit_seconds", "rows", "reason"),
    ]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row["rank"] for row in rows] == [3, 1, 1, None, None]
    assert [row["C"] for row in rows] == [1, 2.0, 3, None, 4]
    assert rows[2]["class_weight"] == '{"0": 2}'
    assert (rows[3]["layers"], rows[3]["mean_score"]) == ("[1, 2]", None)
    assert rows[0]["scores"] == "[0.8, null]"
    assert rows[4]["reason"] == "there was no time left"
    json.dumps(table, allow_nan=False)


def test_a_search_without_candidates_has_an_empty_table() -> None:
    assert candidates_table([])["data"] == []
