"""The table of a search's candidates."""

import json
from typing import Any

import numpy as np

from tracking.persistence.model.search import CandidateResult
from tracking.persistence.repository.candidates_table import candidates_table


def candidate(
    number: int, hyperparameters: dict[str, Any], score: float, reason: str | None = None
) -> CandidateResult:
    scores = (score, float("nan"))
    return CandidateResult(
        number, hyperparameters, scores, score, 0.1, 0.5, 106, "fit" if reason else None, reason
    )


def test_candidates_are_ranked_in_their_own_order() -> None:
    table = candidates_table(
        [
            candidate(0, {"C": 1, "kernel": "rbf"}, 0.8),
            candidate(1, {"C": np.float64(2.0)}, 0.9),
            candidate(2, {"C": 3, "class_weight": {"0": 2}}, 0.9),
            candidate(3, {"C": None, "layers": [1, 2]}, float("nan"), "it does not converge"),
            candidate(4, {"C": 4}, float("nan"), "there was no time left"),
        ]
    )
    assert table["columns"] == [
        *("rank", "C", "kernel", "class_weight", "layers"),
        *("mean_score", "std_score", "fold_scores", "fit_seconds", "rows", "failure"),
    ]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [row["rank"] for row in rows] == [3, 1, 1, None, None]
    assert [row["C"] for row in rows] == [1, 2.0, 3, None, 4]
    assert rows[2]["class_weight"] == '{"0": 2}'
    assert (rows[3]["layers"], rows[3]["mean_score"]) == ("[1, 2]", None)
    assert rows[0]["fold_scores"] == "[0.8, null]"
    assert rows[4]["failure"] == "there was no time left"
    json.dumps(table, allow_nan=False)


def test_a_search_without_candidates_has_an_empty_table() -> None:
    assert candidates_table([])["data"] == []
