"""What tracking's worker does."""

from collections.abc import Mapping
from typing import Any

from fleet.jobs import State, Task, Work
from tracking.config.settings import TrackingSettings
from tracking.service.optimisation import Optimisation
from tracking.services import TrackingServices, create_services


def open_services(settings: TrackingSettings) -> TrackingServices:
    """The working parts that tasks are given."""
    return create_services(settings)


def _optimise(services: TrackingServices, work: Work) -> dict[str, Any]:
    done = services.optimisation.optimise(Optimisation(**work.arguments), work)
    data: dict[str, Any] = {"experiment_id": done.recorded.experiment_id, "run_ids": done.recorded.run_ids}
    if done.errors:
        data["errors"] = {model_name: error.body() for model_name, error in done.errors.items()}
    return {"message": "Experiments retrieved successfully", "data": data}


def _give_up(services: TrackingServices, work: Work, status: State, reason: str) -> None:
    del status, reason
    services.optimisation.give_up(work)


TASKS: Mapping[str, Task[TrackingServices]] = {"optimisation": Task(_optimise, _give_up)}
