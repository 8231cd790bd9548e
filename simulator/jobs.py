"""What the simulator's worker does.

What that takes is imported by the process of a job, and not by the one that it is forked from: that one is
there all day, and scikit-learn and pandas would be most of it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.jobs import Task, Work

if TYPE_CHECKING:
    from simulator.config.settings import SimulatorSettings
    from simulator.services import SimulatorServices


def open_services(settings: "SimulatorSettings") -> "SimulatorServices":
    """The working parts that tasks are given."""
    from simulator.services import create_services  # noqa: PLC0415

    return create_services(settings)


def _stream(services: "SimulatorServices", work: Work) -> dict[str, Any]:
    from simulator.service.stream_rows import read_stream  # noqa: PLC0415

    return services.streams.run(read_stream(work.arguments), work)


TASKS: Mapping[str, Task["SimulatorServices"]] = {"stream": Task(_stream)}
