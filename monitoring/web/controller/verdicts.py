"""`/root/monitoring/verdicts`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.validation import accepts
from monitoring.service.judging.verdicts import Verdicts, replayed
from monitoring.web.verdict_schema import (
    Replay,
    VerdictAnswer,
    VerdictQuery,
    VerdictsAnswer,
    VerdictsQuery,
)


class VerdictList(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read which verdicts there were."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts

    @answers(VerdictsAnswer, errors=[503])
    @accepts(role="user", query=VerdictsQuery)
    def get(self, query: VerdictsQuery) -> dict[str, Any]:
        """List the verdicts that are kept, the newest first."""
        page = self._verdicts.page(query.page, use_case=query.use_case)
        answer = VerdictsAnswer(verdicts=page.items, next_page_token=page.next_token)
        return answer.model_dump(mode="json")


class Verdict(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read one verdict."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts

    @answers(VerdictAnswer, errors=[404, 503])
    @accepts(role="user", query=VerdictQuery)
    def get(self, verdict_id: int, query: VerdictQuery) -> dict[str, Any]:
        """Read one verdict with all that it rests on; with `replay`, come to its decision again."""
        verdict = self._verdicts.find(verdict_id)
        answer = VerdictAnswer.model_validate(verdict)
        if query.replay:
            again = replayed(verdict)
            decision = again.decision
            answer.replay = Replay(verdict=decision.verdict, sentence=decision.sentence, same=again.same)
        return answer.model_dump(mode="json", exclude_unset=True)
