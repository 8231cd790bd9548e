"""What tracking's worker does."""

from collections.abc import Mapping

from fleet.jobs import State, Task, Work
from tracking.config.settings import TrackingSettings
from tracking.service.optimisation import Optimisation
from tracking.services import TrackingServices, create_services


def open_services(settings: TrackingSettings) -> TrackingServices:
    """The working parts that tasks are given."""
    return create_services(settings)


def _optimise(services: TrackingServices, work: Work) -> None:
    services.optimisation.optimise(Optimisation(**work.arguments), work)


def _give_up(services: TrackingServices, work: Work, status: State, reason: str) -> None:
    services.optimisation.give_up(work, status, reason)


TASKS: Mapping[str, Task[TrackingServices]] = {"optimisation": Task(_optimise, _give_up)}
