"""What a loop makes of what another service refuses."""

from collections.abc import Callable

import pytest

from db.unit_of_work import SimultaneousChangeError
from db.use_cases import UnknownDeploymentError
from fleet.errors import FleetError, SiblingRefusedError
from fleet.sibling import Sibling
from ml_model.persistence.repository.deployments import ArtifactMissingError, DiscardedError
from ml_model.service.candidates import NoCandidateError, StillUsedError
from ml_model.service.roles import (
    ActiveChangedError,
    AlreadyActiveError,
    NeverTrainedError,
    NoRoleError,
)
from monitoring.persistence.repository.loop_siblings import LoopSiblings, SiblingAwaitedError, Swap
from tests.answering import answering
from tests.callers import ALICE

CALLS: dict[str, Callable[[LoopSiblings], bool]] = {
    "promote": lambda siblings: siblings.promote(Swap(2, 1), "it is better", "key", caller=ALICE),
    "roll_back": lambda siblings: siblings.roll_back("wine", Swap(1, 2), "it is worse", "key", caller=ALICE),
    "end_role": lambda siblings: siblings.end_role(2, caller=ALICE),
    "discard": lambda siblings: siblings.discard(2, caller=ALICE),
    "score_testing": lambda siblings: siblings.score_testing("wine", 2, caller=ALICE),
}


@pytest.fixture
def siblings() -> LoopSiblings:
    url = "http://127.0.0.1:1"
    return LoopSiblings(Sibling("ml_model", url, timeout_s=1), Sibling("tracking", url, timeout_s=1))


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[[FleetError], None]:
    def refuse(error: FleetError) -> None:
        answering(monkeypatch, lambda _: (error.status, error.body()))

    return refuse


Refusing = Callable[[FleetError], None]


@pytest.mark.parametrize("call", CALLS)
def test_what_gave_way_to_another_request_is_tried_again(
    siblings: LoopSiblings, refusing: Refusing, call: str
) -> None:
    refusing(SimultaneousChangeError())
    with pytest.raises(SiblingAwaitedError):
        CALLS[call](siblings)


@pytest.mark.parametrize(
    ("call", "error", "done"),
    [
        ("promote", AlreadyActiveError(2), True),
        ("promote", ActiveChangedError(3, 1), False),
        ("roll_back", AlreadyActiveError(1), False),
        ("roll_back", ActiveChangedError(3, 2), False),
        ("end_role", NoRoleError(2), False),
        ("end_role", UnknownDeploymentError(2), False),
        ("discard", DiscardedError(2), False),
        ("discard", NoCandidateError(2), False),
        ("discard", UnknownDeploymentError(2), False),
    ],
)
def test_what_is_so_already_is_no_failure(
    siblings: LoopSiblings, refusing: Refusing, call: str, error: FleetError, *, done: bool
) -> None:
    refusing(error)
    assert CALLS[call](siblings) is done


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("promote", DiscardedError(2)),
        ("roll_back", DiscardedError(1)),
        ("roll_back", NeverTrainedError(1)),
        ("roll_back", UnknownDeploymentError(1)),
        ("end_role", ArtifactMissingError(2)),
        ("discard", StillUsedError(2, "canary")),
    ],
)
def test_what_could_not_be_done_is_told(
    siblings: LoopSiblings, refusing: Refusing, call: str, error: FleetError
) -> None:
    refusing(error)
    with pytest.raises(SiblingRefusedError, match=error.error):
        CALLS[call](siblings)
