"""monitoring's loops: from a verdict to another model, or to the reason why there is none."""

from collections.abc import Iterator
from typing import Literal

from client import answers
from client.answers import ListedLoop, Loop
from client.connection import PAGE_SIZE, Connection

Action = Literal["retrain", "retrain_and_promote"]


class Loops:
    """One is in flight a use case at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def loops(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[ListedLoop]:
        """Every loop, or those of a use case; the newest first."""
        for page in self._connection.pages(answers.Loops, "/loops", page_size, use_case=use_case):
            yield from page.loops

    def loop(self, loop_id: int, *, replay: bool = False) -> Loop:
        """A loop with its steps. replay: with what its figures lead to now. Raises NotFoundError."""
        return self._connection.get(Loop, f"/loops/{loop_id:d}", replay=replay or None)

    def start_loop(
        self,
        *,
        use_case: str | None = None,
        verdict_id: int | None = None,
        action: Action | None = None,
        deployment_id: int | None = None,
        idempotency_key: str | None = None,
    ) -> Loop:
        """Begins a loop by hand. verdict_id: that it begins with. action: what it may do.

        Without an action it may do what the policy says, and promote where that only tells or there is none.
        deployment_id: one that is promoted at once, without a search and a gate, and then watched.
        Raises ConflictError if one is under way, or no model is live.
        """
        return self._connection.post(
            Loop,
            "/loops",
            use_case=use_case,
            verdict_id=verdict_id,
            action=action,
            deployment_id=deployment_id,
            idempotency_key=idempotency_key,
        )

    def abort_loop(self, loop_id: int) -> Loop:
        """Ends a loop; the champion stays. Raises NotFoundError, ConflictError if it has ended already."""
        return self._connection.delete(Loop, f"/loops/{loop_id:d}")
