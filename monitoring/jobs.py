"""What monitoring's worker does.

What that takes is imported by the process of a job, and not by the one that it is forked from: that one is
there all day, and scipy would be most of it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fleet.jobs import State, Task, Work

if TYPE_CHECKING:
    from monitoring.config.settings import MonitoringSettings
    from monitoring.services import MonitoringServices


def open_services(settings: "MonitoringSettings") -> "MonitoringServices":
    """The working parts that tasks are given."""
    from monitoring.services import create_services  # noqa: PLC0415

    return create_services(settings)


def _loop(services: "MonitoringServices", work: Work) -> dict[str, Any]:
    return services.loop_runner.run(work.arguments["loop_id"], work)


def _give_loop_up(services: "MonitoringServices", work: Work, status: State, reason: str) -> None:
    services.loop_runner.give_up(work.arguments["loop_id"], status, reason, work)


def _judge(services: "MonitoringServices", work: Work) -> dict[str, Any]:
    return services.policy_judging.judge(work.arguments["use_case"], caller=work.caller)


def _tell(services: "MonitoringServices", work: Work) -> dict[str, Any]:
    return services.telling.deliver(work.arguments)


TASKS: Mapping[str, Task["MonitoringServices"]] = {
    "loop": Task(_loop, _give_loop_up),
    "judge": Task(_judge),
    "tell": Task(_tell),
}
