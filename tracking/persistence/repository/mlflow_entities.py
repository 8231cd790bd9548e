"""Experiments and runs, of what MLflow's client gives."""

from datetime import UTC, datetime
from typing import Any

from tracking.persistence.model.experiment import Experiment, Run

UNNAMED = "Unnamed Run"


def as_experiment(found: Any) -> Experiment:
    """Ours, of MLflow's."""
    return Experiment(
        experiment_id=found.experiment_id,
        name=found.name,
        artifact_location=found.artifact_location,
        lifecycle_stage=found.lifecycle_stage,
        tags=dict(found.tags),
        created_at=as_time(found.creation_time),
        updated_at=as_time(found.last_update_time),
    )


def as_run(found: Any) -> Run:
    """Ours, of MLflow's, with all that it has."""
    return Run(
        run_id=found.info.run_id,
        experiment_id=found.info.experiment_id,
        name=found.info.run_name or UNNAMED,
        status=found.info.status,
        started_at=as_time(found.info.start_time),
        ended_at=as_time(found.info.end_time),
        tags=dict(found.data.tags),
        params=dict(found.data.params),
        metrics=dict(found.data.metrics),
    )


def as_time(milliseconds: int | None) -> datetime | None:
    """Of a time in MLflow, which keeps 0 for none."""
    return None if not milliseconds else datetime.fromtimestamp(milliseconds / 1000, UTC)
