"""Which labelled rows a loop decides on, and whether enough of them are there.

It is asked every second, so it reads no more rows than it takes to say so.
"""

from collections.abc import Sequence

from db.definition import UseCase
from monitoring.persistence.model.loop import MARK, Loop
from monitoring.persistence.model.policy import FEWEST_ROWS, MOST_ROWS
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.evidence.gate import rows_of_look

WANTED = "wanted"
"""In the figures of a step that waits: how many rows it takes, where some of those that came in count for
nothing."""


def is_due(work: MonitoringUnitOfWork, loop: Loop) -> bool:
    """Whether there is something to do for a loop: it waits for nothing, or for what is there by now."""
    use_case = work.samples.find(loop.use_case)
    if loop.step == "gate" and loop.current.look > 1:
        wanted = int(loop.current.figures.get(WANTED, FEWEST_ROWS))
        return len(new_rows(work, use_case, loop, wanted)) >= wanted
    if loop.step == "watch":
        live = work.loops.champion(loop.use_case)
        is_live = live is not None and live.id == loop.challenger_id
        wanted = int(loop.current.figures.get(WANTED, wanted_by_watch(loop)))
        return not is_live or len(watched_rows(work, use_case, loop, wanted)) >= wanted
    return True


def new_rows(work: MonitoringUnitOfWork, use_case: UseCase, loop: Loop, limit: int) -> list[int]:
    """What another look of the gate may take: rows that have decided nothing.

    Their truth came in after the rows to learn from were fixed.
    """
    if loop.current.look == 1:
        return []
    snapshot = loop.last("snapshot")
    mark = 0 if snapshot is None else int(snapshot.figures[MARK])
    return work.labelled.after(use_case, mark, limit, undecided=True)


def room_for_new(loop: Loop, reserved: int, looks: int) -> int:
    """How many rows a look may add, such that all looks together are no more than ml_model takes."""
    return (MOST_ROWS - reserved) // max(1, looks - loop.current.look + 1)


def watched_rows(work: MonitoringUnitOfWork, use_case: UseCase, loop: Loop, limit: int) -> Sequence[int]:
    """Those whose truth came in after the promotion."""
    mark = int(loop.current.given[MARK])
    return work.labelled.after(use_case, mark, limit, undecided=False)


def wanted_by_watch(loop: Loop) -> int:
    """How many rows the look at hand takes."""
    return rows_of_look(loop.current.look, loop.policy.watch_rows)
