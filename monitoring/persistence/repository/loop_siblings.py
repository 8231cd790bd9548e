"""What a loop asks of ml_model and tracking. Each call may be made again: it is done once, by its key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from db.unit_of_work import SimultaneousChangeError
from db.use_cases import UnknownDeploymentError
from fleet.caller import Caller
from fleet.errors import AwayError, SiblingFailedError, SiblingRefusedError
from fleet.sibling import Sibling, busy_as_away

R = TypeVar("R")
KEY, PREFER = "Idempotency-Key", "Prefer"
NOT_THERE = (404, 409)  # it is gone, or cannot be, which a loop goes on without
ALREADY_ACTIVE, ACTIVE_CHANGED = "already_active", "active_changed"  # as of ml_model's errors, and these
NOT_ROLLED_BACK = (ALREADY_ACTIVE, ACTIVE_CHANGED)
NO_ROLE_LEFT = ("no_role", UnknownDeploymentError.code)
NOTHING_TO_DISCARD = ("discarded", "no_candidate", UnknownDeploymentError.code)


@dataclass(frozen=True)
class Swap:
    """What is to be live, and what must be until then: what a person has chosen meanwhile stays."""

    deployment_id: int
    instead_of: int


class SiblingAwaitedError(AwayError):
    """Another service cannot answer at the moment."""


@contextmanager
def waited_for() -> Iterator[None]:
    """Raise SiblingAwaitedError for what another service will answer later."""
    try:
        with busy_as_away():
            yield
    except SiblingFailedError as error:
        raise SiblingAwaitedError(error.error, error.message) from error
    except SiblingRefusedError as error:
        if error.code != SimultaneousChangeError.code:
            raise
        raise SiblingAwaitedError(error.error, error.message) from error


class LoopSiblings:
    """All raise SiblingAwaitedError, and SiblingRefusedError with what the service said. caller: the loop."""

    def __init__(self, ml_model: Sibling, tracking: Sibling) -> None:
        self._ml_model = ml_model
        self._tracking = tracking

    def take_snapshot(self, use_case: str, *, caller: Caller) -> dict[str, Any]:
        """What may be learned from now: training, and labelled production rows but the reserved ones."""
        body = {"use_case": use_case, "production_until": "now"}
        with waited_for():
            return self._ml_model.post("/snapshots", body, caller=caller)

    def evaluate(
        self, use_case: str, deployment_ids: Sequence[int], rows: Mapping[str, Any], *, caller: Caller
    ) -> dict[str, Any]:
        """Losses of deployments on the same labelled rows, as sums, and the pairs that they make."""
        body = {"use_case": use_case, "deployment_ids": list(deployment_ids), "rows": dict(rows)}
        with waited_for():
            return self._ml_model.post("/evaluate", body, caller=caller)

    def score_testing(self, use_case: str, deployment_id: int, *, caller: Caller) -> bool:
        """Have it predict the testing set, which is what monitoring holds production against; False if the
        set is not loaded."""
        body = {"use_case": use_case, "dataset": "testing", "deployment_id": deployment_id}
        return _unless_done(lambda: self._ml_model.post("", body, caller=caller))

    def promote(self, swap: Swap, reason: str, key: str, *, caller: Caller) -> bool:
        """Make it the active one, and what was active its shadow, in one transaction.

        False if another one is active than the one that it was to replace.
        """
        body = {"role": "active", "keep": "shadow", "reason": reason, "expected_active": swap.instead_of}
        try:
            with waited_for():
                self._ml_model.post(_role(swap.deployment_id), body, caller=caller, headers={KEY: key})
        except SiblingRefusedError as error:
            if error.code not in (ALREADY_ACTIVE, ACTIVE_CHANGED):
                raise
            return error.code == ALREADY_ACTIVE
        return True

    def shadow(self, deployment_id: int, reason: str, *, caller: Caller) -> None:
        """Have it predict beside the active one."""
        body = {"role": "shadow", "reason": reason}
        with waited_for():
            self._ml_model.post(_role(deployment_id), body, caller=caller)

    def roll_back(self, use_case: str, swap: Swap, reason: str, key: str, *, caller: Caller) -> bool:
        """Make an earlier one active again.

        False if it is, or if another one is active than the one that it was to replace.
        """
        body = {
            "use_case": use_case,
            "deployment_id": swap.deployment_id,
            "reason": reason,
            "expected_active": swap.instead_of,
        }
        headers = {KEY: key}
        return _unless_done(
            lambda: self._ml_model.post("/rollback", body, caller=caller, headers=headers), NOT_ROLLED_BACK
        )

    def end_role(self, deployment_id: int, *, caller: Caller) -> bool:
        """Use it beside the active one no longer; False if it was not used."""
        return _unless_done(lambda: self._ml_model.delete(_role(deployment_id), caller=caller), NO_ROLE_LEFT)

    def discard(self, deployment_id: int, *, caller: Caller) -> bool:
        """Throw a candidate away; False if it cannot be, as it is gone or was live."""
        path = f"/deployments/{deployment_id}"
        return _unless_done(lambda: self._ml_model.delete(path, caller=caller), NOTHING_TO_DISCARD)

    def search(self, body: Mapping[str, Any], key: str, *, caller: Caller) -> str:
        """Begin an optimisation; the id of tracking's job."""
        headers = {KEY: key, PREFER: "respond-async"}
        with waited_for():
            answer = self._tracking.post("/model_management", dict(body), caller=caller, headers=headers)
        return str(answer["id"])

    def job(self, job_id: str, *, caller: Caller) -> dict[str, Any]:
        """How tracking's job is."""
        with waited_for():
            return self._tracking.get(f"/jobs/{job_id}", caller=caller)

    def cancel(self, job_id: str, *, caller: Caller) -> bool:
        """End tracking's job; False if it has ended."""
        return _unless_done(lambda: self._tracking.delete(f"/jobs/{job_id}", caller=caller))

    def train_candidate(
        self, use_case: str, run_id: str, snapshot_id: int, key: str, *, caller: Caller
    ) -> dict[str, Any]:
        """Have ml_model train the run's model on a snapshot, as a candidate."""
        body = {
            "request_information": "setting",
            "candidate": True,
            "use_case": use_case,
            "run_id": run_id,
            "snapshot_id": snapshot_id,
        }
        with waited_for():
            return self._tracking.post("/model_management", body, caller=caller, headers={KEY: key})

    def tell_promoted(self, run_id: str, deployment_id: int, *, caller: Caller) -> bool:
        """Have tracking call the run's model the champion; False if that run is gone."""
        body = {"request_information": "promoted", "run_id": run_id, "deployment_id": deployment_id}
        return _unless_done(lambda: self._tracking.post("/model_management", body, caller=caller))


def _role(deployment_id: int) -> str:
    return f"/deployments/{deployment_id}/role"


def _unless_done(call: Callable[[], object], codes: Sequence[str] = ()) -> bool:
    """codes: those that say that there is nothing to do; without them all refusals of NOT_THERE do."""
    try:
        with waited_for():
            call()
    except SiblingRefusedError as error:
        if error.code not in codes if codes else error.status not in NOT_THERE:
            raise
        return False
    return True
