"""What tracking's worker does."""

from collections.abc import Mapping
from typing import Any

from fleet.jobs import Task, Work
from tracking.config.settings import TrackingSettings
from tracking.service.optimisation import Optimisation
from tracking.services import TrackingServices, create_services


def open_services(settings: TrackingSettings) -> TrackingServices:
    """The working parts that tasks are given."""
    return create_services(settings)


def _optimise(services: TrackingServices, work: Work) -> dict[str, Any]:
    done = services.optimisation.optimise(Optimisation(**work.arguments), work)
    data = {"experiment_id": done.experiment_id, "run_ids": done.run_ids}
    return {"message": "Experiments retrieved successfully", "data": data}


TASKS: Mapping[str, Task[TrackingServices]] = {"optimisation": Task(_optimise)}
