"""When a policy judges, and what."""

from datetime import datetime, timedelta

from croniter import CroniterBadDateError, croniter

from db.definition import UseCase
from monitoring.persistence.model.policy import WHEN_FULL
from monitoring.persistence.model.window import LastRows, Window
from monitoring.persistence.repository.policies import KeptPolicy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork

KIND = "judge"


def judge_lock(use_case: str) -> str:
    """What the jobs that judge a use case lock, so that there is one at a time."""
    return f"judge {use_case}"


def next_window(work: MonitoringUnitOfWork, use_case: UseCase, kept: KeptPolicy) -> Window | None:
    """What is to be judged now; None if nothing is."""
    policy = kept.policy
    if not policy.enabled:
        return None
    if policy.schedule == WHEN_FULL:
        until = work.now() - timedelta(seconds=policy.truth_wait)
        return work.windows.next_full(use_case, kept.judged_until, policy.window_rows, until)
    return LastRows(policy.window_rows) if _is_time(kept, work.now()) else None


def _is_time(kept: KeptPolicy, now: datetime) -> bool:
    """Whether a time of its cron expression, in UTC as PostgreSQL's are, has passed since it last judged.

    It is due once, however many have.
    """
    since = max(kept.changed_at, kept.judged_at or kept.changed_at)
    try:
        due: datetime = croniter(kept.policy.schedule, since).get_next(datetime)
    except CroniterBadDateError:  # such as 30 February
        return False
    return due <= now
