"""A result of monitoring, as it is kept."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Metric = Literal["report", "tests", "summary"]


@dataclass(frozen=True)
class Result:
    """What was answered. groups and all_passed are None for a report, which has no checks.

    drifted_columns_share: kept with a summary, in which it cannot be looked up.
    details: kept with the result though it was not answered: what failed, and how that is distributed.
    """

    use_case: str
    deployment_id: int
    metric: Metric
    result: dict[str, Any]
    groups: list[str] | None = None
    all_passed: bool | None = None
    drifted_columns_share: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class KeptResult:
    """A result as it was kept, without what it says. deployment_id: None if that deployment is gone."""

    id: int
    use_case: str
    deployment_id: int | None
    metric: Metric
    groups: list[str] | None
    all_passed: bool | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class WholeResult(KeptResult):
    """The same with what it says."""

    result: dict[str, Any]


@dataclass(frozen=True)
class LastVerdict:
    """How many checks of a use case passed and failed when it was judged last.

    drifted_columns_share: when drift was judged last, which may have been before; None if it never was.
    """

    use_case: str
    passed: int
    failed: int
    judged_at: datetime
    drifted_columns_share: float | None
