"""What the fire brigade's worker does. Each step may be done again: what it writes is the same, once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.repository.figures import keep_figures
from fire_brigade.persistence.repository.locked_files import AlreadyRunningError
from fire_brigade.services import FireBrigadeServices, create_services
from fleet.errors import AwayError
from fleet.jobs import State, Task, Work

BUILT = "Features built successfully"

Run = Callable[[FireBrigadeServices, Work], dict[str, Any]]


def open_services(settings: FireBrigadeSettings) -> FireBrigadeServices:
    """The working parts that tasks are given.

    Log files are gone on with, as LOG_MODE is about the start of the service; so are the figures.
    """
    keep_figures(settings.figures)
    return create_services(settings.model_copy(update={"LOG_MODE": "a"}), figures=settings.figures)


def _process_data(services: FireBrigadeServices, work: Work) -> dict[str, Any]:
    return services.steps.process_data(**work.arguments, progress=work.tell)


def _build_features(services: FireBrigadeServices, work: Work) -> dict[str, Any]:
    counts = services.steps.build_features(work.tell)
    return {"status": "success", "message": BUILT, "counts": counts}


def _train_model(services: FireBrigadeServices, work: Work) -> dict[str, Any]:
    return {**services.models.train(**_paths(work), job_id=work.job_id)}


def _clear_up_steps(services: FireBrigadeServices, work: Work, status: State, reason: str) -> None:
    del work, status, reason
    services.steps.clear_up()


def _clear_up_training(services: FireBrigadeServices, work: Work, status: State, reason: str) -> None:
    del status, reason
    paths = _paths(work)
    services.models.clear_up(paths.get("model"), paths.get("encoder"))


def _paths(work: Work) -> dict[str, Path]:
    return {name: Path(path) for name, path in work.arguments.items()}


def _in_turn(run: Run) -> Run:
    """The task, which waits for an earlier attempt that is about to be ended; pushes are done when it is."""

    def run_in_turn(services: FireBrigadeServices, work: Work) -> dict[str, Any]:
        try:
            return run(services, work)
        except AlreadyRunningError as error:
            if work.attempt == 1:
                raise
            raise AwayError(error.error, error.message) from error
        finally:
            services.logs.close()

    return run_in_turn


TASKS: Mapping[str, Task[FireBrigadeServices]] = {
    "process_data": Task(_in_turn(_process_data), _clear_up_steps),
    "build_features": Task(_in_turn(_build_features), _clear_up_steps),
    "train_model": Task(_in_turn(_train_model), _clear_up_training),
}
