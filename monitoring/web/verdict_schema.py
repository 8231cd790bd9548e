"""Verdicts, as they are asked for one by one and answered."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, StrictBool
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import RequestModel, UseCaseName
from monitoring.persistence.model.policy import Evidence

SENTENCE = (
    "act: color_intensity and hue moved, p = 3e-09, distance 0.41; "
    "accuracy cannot be known yet, 12 of 100 rows are labelled"
)
TEST_EXAMPLE: JsonDict = {"column": "hue", "kind": "distance", "p": 1.1e-10, "effect": 0.41}
DRIFT_EXAMPLE: JsonDict = {"p": 3e-9, "p_that_matters": 3e-9, "tests": [TEST_EXAMPLE]}
HARM_EXAMPLE: JsonDict = {
    "rows": 12,
    "mean": 0.25,
    "reference_rows": 142,
    "reference_mean": 0.021,
    "p": None,
    "effect": 0.229,
}
LISTED_EXAMPLE: JsonDict = {
    "id": 7,
    "use_case": "wine",
    "deployment_id": 1,
    "verdict": "act",
    "sentence": SENTENCE,
    "evidence": "auto",
    "first_id": 301,
    "last_id": 400,
    "rows": 100,
    "labelled": 12,
    "created_at": "2026-01-31T12:00:05Z",
    "actor": "anna",
}
VERDICT_EXAMPLE: JsonDict = {
    **LISTED_EXAMPLE,
    "reference": {
        "sets": ["training", "testing"],
        "rows": 142,
        "predicted": 142,
        "losses": 142,
    },
    "figures": {
        "rows": 100,
        "distinct": 100,
        "predicted": 100,
        "estimate": None,
        "evidence": "auto",
        "loss": "zero_one",
        "window": {"last": 100},
        "pooled_with": [6, 5],
        "drift": DRIFT_EXAMPLE,
        "pooled_drift": DRIFT_EXAMPLE,
        "harm": HARM_EXAMPLE,
        "pooled_harm": HARM_EXAMPLE,
    },
}
REPLAY_EXAMPLE: JsonDict = {"verdict": "act", "sentence": SENTENCE, "same": True}

VerdictName = Literal["steady", "warning", "act", "insufficient"]


class VerdictsQuery(PageQuery):
    """`GET /root/monitoring/verdicts`. use_case: only its verdicts."""

    use_case: UseCaseName | None = None


class VerdictQuery(RequestModel):
    """`GET /root/monitoring/verdicts/<verdict_id>`. replay: come to the decision again from what is kept."""

    replay: StrictBool = False


class ListedVerdict(AnswerModel):
    """A verdict that is kept. sentence: why, for people. deployment_id: null if that deployment is gone.

    evidence: what might act. first_id, last_id: sample_id of the window's ends. rows: of the window;
    labelled: of them, how many have a target. actor: who asked.
    """

    id: int
    use_case: str
    deployment_id: int | None
    verdict: VerdictName
    sentence: str
    evidence: Evidence
    first_id: int
    last_id: int
    rows: int
    labelled: int
    created_at: datetime
    actor: str


class VerdictsAnswer(PageAnswer):
    """Verdicts without what they rest on, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdicts": [LISTED_EXAMPLE], "next_page_token": None}]}
    )

    verdicts: list[ListedVerdict]


class Replay(AnswerModel):
    """The decision that the kept figures lead to now. same: as the one that is kept."""

    verdict: VerdictName
    sentence: str
    same: bool


class VerdictAnswer(ListedVerdict):
    """A verdict with all that it rests on.

    reference: what the window was held against. figures: every p and effect, of the window and of the last
    three windows together. replay: absent unless it was asked for.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [VERDICT_EXAMPLE, {**VERDICT_EXAMPLE, "replay": REPLAY_EXAMPLE}]}
    )

    reference: dict[str, Any]
    figures: dict[str, Any]
    replay: Replay | None = None
