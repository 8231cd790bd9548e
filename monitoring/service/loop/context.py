"""What a step of a loop is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from db.definition import UseCase
from fleet.caller import Caller
from fleet.jobs import Progress
from monitoring.persistence.model.loop import Found, Loop, Step
from monitoring.persistence.repository.loop_siblings import LoopSiblings
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork

Units = Callable[[], MonitoringUnitOfWork]


@dataclass(frozen=True)
class Context:
    """The loop, its step at work, and what it works with.

    units: opens a transaction. tell: how far the loop's job is. note: writes down what the step knows before
    it ends; False if it has ended, for the loop was aborted.
    """

    loop: Loop
    step: Step
    use_case: UseCase
    units: Units
    siblings: LoopSiblings
    caller: Caller
    tell: Progress
    note: Callable[[Mapping[str, Any]], bool]
    is_answered: Callable[[], None]

    @property
    def key(self) -> str:
        """Of what the step at work asks for."""
        return self.key_of(self.step)

    def key_of(self, step: Step) -> str:
        """The same for every attempt of the step."""
        return f"loop-{self.loop.id}-{step.name}-{step.look}"

    @property
    def name(self) -> str:
        """What the loop is called in reasons, which people read in the history of deployments."""
        return f"loop {self.loop.id}"

    @property
    def champion(self) -> int:
        return _known(self.loop.champion_id, "champion")

    @property
    def challenger(self) -> int:
        return _known(self.loop.challenger_id, "challenger")


class DeploymentGoneError(Exception):
    """A deployment that a loop is about was deleted, with its use case."""


def _known(deployment_id: int | None, what: str) -> int:
    if deployment_id is None:
        raise DeploymentGoneError(what)
    return deployment_id


Work = Callable[[Context], Found | None]
"""Does a step: how it ended, or None where it waits for something that is not there yet."""


def loop_caller(loop_id: int) -> Caller:
    """The loop, as audit lines and tags of runs name it."""
    return Caller(f"loop-{loop_id}", "admin", f"loop-{loop_id}")
