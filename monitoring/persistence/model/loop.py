"""Loops and their steps, as they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from monitoring.persistence.model.policy import Policy

StepName = Literal["judge", "reserve", "snapshot", "search", "train", "gate", "promote", "watch", "clear"]
Outcome = Literal["kept", "rolled_back", "rejected", "held", "superseded", "aborted", "failed"]

MARK = "mark"
"""In the figures of a step: the mark of the labelled rows when it ended; see LabelledRows."""


@dataclass(frozen=True)
class Champion:
    """The deployment that is live."""

    id: int
    model_name: str
    hyperparameters: Mapping[str, Any]
    preprocessing: str


@dataclass(frozen=True)
class Candidate:
    """A deployment that was trained and is not live."""

    id: int
    model_name: str


@dataclass(frozen=True)
class Step:
    """A step of a loop. look: how often it was looked, from 1. outcome: None while it goes on."""

    id: int
    name: StepName
    look: int
    given: Mapping[str, Any]
    figures: Mapping[str, Any]
    outcome: str | None
    reason: str | None
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Loop:
    """A loop. outcome, reason and ended_at are None while it goes on. steps: in order."""

    id: int
    use_case: str
    verdict_id: int | None
    policy: Policy
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
    steps: Sequence[Step] = ()

    @property
    def current(self) -> Step:
        """The step that is at work."""
        return self.steps[-1]

    def last(self, name: StepName) -> Step | None:
        """The newest step of that name, if there is one."""
        return next((step for step in reversed(self.steps) if step.name == name), None)


@dataclass(frozen=True)
class Next:
    """The step that follows, and what it is given."""

    name: StepName
    given: Mapping[str, Any] = field(default_factory=dict)
    look: int = 1


@dataclass(frozen=True)
class End:
    """How the loop ends."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Found:
    """How a step has ended.

    changes: of the loop's own columns. reserved: sample_index of rows that decide from now on, and in which
    look of the gate.
    """

    outcome: str
    reason: str
    then: Next | End
    figures: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    reserved: Sequence[int] = ()
    look: int = 1
