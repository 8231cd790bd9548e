"""When a policy judges, and what."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from croniter import CroniterBadDateError, croniter

from db.definition import UseCase
from monitoring.persistence.model.policy import WHEN_FULL
from monitoring.persistence.model.window import Window
from monitoring.persistence.repository.policies import KeptPolicy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork

KIND = "judge"


def judge_lock(use_case: str) -> str:
    """What the jobs that judge a use case lock, so that there is one at a time."""
    return f"judge {use_case}"


@dataclass(frozen=True)
class Due:
    """It is time to judge. window: None if no row came in since it was last: the time is passed over."""

    window: Window | None


def due(work: MonitoringUnitOfWork, use_case: UseCase, kept: KeptPolicy) -> Due | None:
    """What is to be judged now; None if it is not the time to. Rows wait for their truth."""
    policy, now = kept.policy, work.now()
    if not policy.enabled:
        return None
    until = now - timedelta(seconds=policy.truth_wait)
    if policy.schedule == WHEN_FULL:
        window = work.windows.next_full(use_case, kept.judged_until, policy.window_rows, until)
        return None if window is None else Due(window)
    moment = _next_time(kept, kept.changed_at)
    if moment is None or moment > now:
        return None
    return Due(work.windows.last_since(use_case, kept.judged_until, policy.window_rows, until))


def overdue(kept: KeptPolicy, oldest: datetime, now: datetime) -> float:
    """Seconds that a row has waited longer than its policy has it wait. oldest: when it came in."""
    ready: datetime | None = oldest + timedelta(seconds=kept.policy.truth_wait)
    if kept.policy.schedule != WHEN_FULL and ready is not None:
        ready = _next_time(kept, ready)
    return 0.0 if ready is None else max((now - ready).total_seconds(), 0.0)


def _next_time(kept: KeptPolicy, after: datetime) -> datetime | None:
    """The first time of its cron expression, in UTC as PostgreSQL's are, after then and after it last judged.

    It is due once, however many have passed.
    """
    since = max(after, kept.changed_at, kept.judged_at or kept.changed_at)
    try:
        found: datetime = croniter(kept.policy.schedule, since).get_next(datetime)
    except CroniterBadDateError:  # such as 30 February
        return None
    return found
