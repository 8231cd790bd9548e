"""Experiments and runs, as MLflow keeps them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Experiment:
    """A named collection of runs. Times are UTC."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: Mapping[str, str]
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Run:
    """One run. Times are UTC; a run still going has no end.

    status: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    """

    run_id: str
    experiment_id: str
    name: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Names of the tags and metrics that are read of each run of a list; there may be very many runs."""

    tags: Collection[str] = ()
    metrics: Collection[str] = ()
