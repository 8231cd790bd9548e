"""What is sent and answered about loops."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, StrictBool, model_validator
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel, examples
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import IdNumber, RequestModel, UseCaseName
from monitoring.persistence.model.loop import Outcome, StepName
from monitoring.persistence.model.policy import Policy
from monitoring.web.policy_schema import CHOSEN

REASON = "26 labelled production rows have decided nothing yet, and 30 are needed"
LISTED: JsonDict = {
    "id": 4,
    "use_case": "wine",
    "verdict_id": None,
    "champion_id": 2,
    "challenger_id": None,
    "snapshot_id": None,
    "step": "reserve",
    "outcome": "held",
    "reason": REASON,
    "job_id": "5f0c2c1e3f6d4c0f9d3a5b6e8a1f2b3c",
    "started_at": "2026-01-31T12:00:05Z",
    "ended_at": "2026-01-31T12:00:06Z",
    "actor": "alice",
}
STEP: JsonDict = {
    "name": "reserve",
    "look": 1,
    "given": {},
    "figures": {"labelled": 26, "mark": 178},
    "outcome": "held",
    "reason": REASON,
    "began_at": "2026-01-31T12:00:05Z",
    "ended_at": "2026-01-31T12:00:06Z",
}
LOOP: JsonDict = {**LISTED, "policy": {**CHOSEN, "webhook": None}, "steps": [STEP]}


class LoopRequest(RequestModel):
    """`POST /root/monitoring/loops`. verdict_id: that it begins with. action: what it may do.

    Without an action it may do what the policy says, and promote where that only tells or there is none.
    deployment_id: one that is promoted at once, without a search and a gate, and then watched.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"use_case": "wine"},
                {"use_case": "wine", "verdict_id": 7, "action": "retrain"},
                {"use_case": "wine", "deployment_id": 5},
            ]
        }
    )

    use_case: UseCaseName = "wine"
    verdict_id: IdNumber | None = None
    action: Literal["retrain", "retrain_and_promote"] | None = None
    deployment_id: IdNumber | None = None

    @model_validator(mode="after")
    def _promotes_or_not(self) -> Self:
        if self.deployment_id is not None and self.action not in (None, "retrain_and_promote"):
            raise ValueError("'deployment_id' is promoted at once: leave 'action' out")
        return self


class LoopsQuery(PageQuery):
    """`GET /root/monitoring/loops`. use_case: only its loops."""

    use_case: UseCaseName | None = None


class LoopQuery(RequestModel):
    """`GET /root/monitoring/loops/<loop_id>`. replay: decide again from what is kept."""

    replay: StrictBool = False


class ListedLoop(AnswerModel):
    """A loop. outcome, reason and ended_at are null while it goes on. job_id: that does it.

    verdict_id: that it began with; null if it was begun by hand. champion_id: what was live then;
    challenger_id: what it has trained; snapshot_id: on which rows. step: that is at work, or was the last.
    actor: who began it.
    """

    id: int
    use_case: str
    verdict_id: int | None
    champion_id: int | None
    challenger_id: int | None
    snapshot_id: int | None
    step: StepName
    outcome: Outcome | None
    reason: str | None
    job_id: str | None
    started_at: datetime
    ended_at: datetime | None
    actor: str


class LoopsAnswer(PageAnswer):
    """Loops without their steps, the newest first."""

    model_config = examples({"loops": [LISTED], "next_page_token": None})

    loops: list[ListedLoop]


class LoopStep(AnswerModel):
    """A step: what went in, what was found, and why it ended so. look: how often it was looked, from 1.

    outcome, reason and ended_at are null while it goes on.
    """

    name: StepName
    look: int
    given: dict[str, Any]
    figures: dict[str, Any]
    outcome: str | None
    reason: str | None
    began_at: datetime
    ended_at: datetime | None


class ReplayedStep(AnswerModel):
    """What a step's kept figures lead to now. same: as what is kept."""

    name: Literal["judge", "gate", "watch"]
    look: int
    verdict: str
    reason: str
    same: bool


class LoopReplay(AnswerModel):
    """Every step that has decided something, decided again. same: all came to what is kept."""

    steps: list[ReplayedStep]
    same: bool


class LoopAnswer(ListedLoop):
    """A loop with its steps. policy: as it was when the loop began. replay: absent unless asked for."""

    model_config = examples(LOOP, {**LOOP, "replay": {"steps": [], "same": True}})

    policy: Policy
    steps: list[LoopStep]
    replay: LoopReplay | None = None

    def shown(self) -> dict[str, Any]:
        """Ready for JSON."""
        return self.model_dump(mode="json", exclude={"replay"} if self.replay is None else None)
