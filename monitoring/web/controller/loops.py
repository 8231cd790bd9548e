"""`/root/monitoring/loops`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.idempotency import idempotent
from fleet.web.validation import NoArguments, accepts
from monitoring.service.loop.loop_records import LoopRecords
from monitoring.service.loop.loops import Loops
from monitoring.web.loop_schema import LoopAnswer, LoopQuery, LoopReplay, LoopRequest, LoopsAnswer, LoopsQuery


class LoopList(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Begin loops, and list them."""

    def __init__(self, loops: Loops, records: LoopRecords, path: str) -> None:
        self._loops = loops
        self._records = records
        self._path = path

    @answers(LoopsAnswer, errors=[503])
    @accepts(role="user", query=LoopsQuery)
    def get(self, query: LoopsQuery) -> dict[str, Any]:
        """List the loops, the newest first."""
        page = self._records.page(query.page, use_case=query.use_case)
        return LoopsAnswer(loops=page.items, next_page_token=page.next_token).model_dump(mode="json")

    @answers(LoopAnswer, status=201, errors=[404, 409, 503])
    @accepts(role="admin", body=LoopRequest)
    @idempotent
    def post(self, body: LoopRequest) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Begin a loop by hand, whatever was judged; a worker does it. One at a time for a use case.

        With a `deployment_id` that one is promoted at once, and taken back if it proves worse.
        """
        loop = self._loops.begin(
            body.use_case,
            verdict_id=body.verdict_id,
            action=body.action,
            challenger_id=body.deployment_id,
            caller=caller(),
        )
        where = {"Location": f"{self._path}/loops/{loop.id}"}
        return LoopAnswer.model_validate(loop).shown(), 201, where


class OneLoop(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read one loop; abort it."""

    def __init__(self, loops: Loops, records: LoopRecords) -> None:
        self._loops = loops
        self._records = records

    @answers(LoopAnswer, errors=[404, 503])
    @accepts(role="user", query=LoopQuery)
    def get(self, loop_id: int, query: LoopQuery) -> dict[str, Any]:
        """Read a loop with its steps; with `replay`, come to its decisions again."""
        loop = self._records.find(loop_id)
        answer = LoopAnswer.model_validate(loop)
        if query.replay:
            answer.replay = LoopReplay.model_validate(self._records.replay(loop))
        return answer.shown()

    @answers(LoopAnswer, errors=[404, 409, 503])
    @accepts(role="admin", query=NoArguments)
    def delete(self, loop_id: int, query: NoArguments) -> dict[str, Any]:
        """Abort a loop: the champion stays, and what the loop has trained is thrown away."""
        loop = self._loops.abort(loop_id, caller=caller())
        return LoopAnswer.model_validate(loop).shown()
