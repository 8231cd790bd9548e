"""A result of monitoring, as it is kept."""

from dataclasses import dataclass
from typing import Any, Literal

Metric = Literal["report", "tests", "summary"]


@dataclass(frozen=True)
class Result:
    """What was answered. groups and all_passed are None for a report, which has no checks."""

    use_case: str
    deployment_id: int
    metric: Metric
    result: dict[str, Any]
    groups: list[str] | None = None
    all_passed: bool | None = None
