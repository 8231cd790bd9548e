"""What follows from a summary that failed, where retraining was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from db.live import NothingLiveError
from fleet.caller import Caller
from monitoring.persistence.model.loop import Loop
from monitoring.persistence.repository.loops import LoopInFlightError


@dataclass(frozen=True)
class Retraining:
    """The loop that searches for a better model."""

    message: str
    loop_id: int


class Loops(Protocol):
    """Where loops begin; see monitoring.service.loop.loops."""

    def begin(self, use_case: str, *, caller: Caller) -> Loop: ...


class NothingToRetrainError(NothingLiveError):
    """No loop was begun, as nothing is live. The body carries the summary, which is kept."""

    code = NothingLiveError.code

    def __init__(self, use_case: str, kept: Mapping[str, Any]) -> None:
        super().__init__(use_case)
        self._kept = kept

    def body(self) -> dict[str, Any]:
        return {**super().body(), **self._kept}


def retrain(loops: Loops, use_case: str, kept: Mapping[str, Any], *, caller: Caller) -> Retraining:
    """Begin a loop, or name the one that is under way.

    kept: the id and the text of the result, which an error's body carries too. Raises NothingToRetrainError.
    """
    while True:
        try:
            loop_id, what = loops.begin(use_case, caller=caller).id, "was begun"
        except NothingLiveError as error:
            raise NothingToRetrainError(use_case, kept) from error
        except LoopInFlightError as error:
            if error.loop_id is None:
                continue  # it has just ended
            loop_id, what = error.loop_id, "is under way already"
        return Retraining(f"Loop {loop_id} {what}: GET /root/monitoring/loops/{loop_id}", loop_id)
