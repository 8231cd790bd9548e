"""Loops that are in the way of a demo or a rehearsal."""

import time
from contextlib import suppress

from client import ConflictError, Fleet
from fleet.errors import FleetError

PATIENCE_S, POLL_S = 60.0, 0.25


class LoopNotEndedError(FleetError):
    """A loop was aborted and goes on all the same."""

    def __init__(self, loop_id: int) -> None:
        super().__init__(
            f"Loop {loop_id} was aborted and has not ended in {PATIENCE_S:.0f} s",
            "See ./launch.sh status: does monitoring_worker work?",
        )


def end_loop(fleet: Fleet, use_case: str) -> int | None:
    """Abort the use case's loop that goes on, and wait for its end; its id, if there is one."""
    newest = next(fleet.monitoring.loops(use_case=use_case, page_size=1), None)
    if newest is None or newest.outcome is not None:
        return None
    with suppress(ConflictError):  # it has just ended by itself
        fleet.monitoring.abort_loop(newest.id)
    end = time.monotonic() + PATIENCE_S
    while fleet.monitoring.loop(newest.id).outcome is None:
        if time.monotonic() > end:
            raise LoopNotEndedError(newest.id)
        time.sleep(POLL_S)
    return newest.id
