"""How every use case stands, for Prometheus: the same from every replica and after a restart."""

from contextlib import suppress

from monitoring.persistence.model.standing import Standing
from monitoring.persistence.repository.policies import UnreadablePolicyError
from monitoring.persistence.unit_of_work import NAME, MonitoringUnitOfWork
from monitoring.service.loop.schedule import overdue
from monitoring.service.telling.orders import KIND


def read_standing(work: MonitoringUnitOfWork) -> Standing:
    """Everything, in one transaction."""
    return Standing(
        work.standing.decisions(),
        work.standing.loops(),
        _unjudged(work),
        work.standing.webhooks(NAME, KIND),
    )


def _unjudged(work: MonitoringUnitOfWork) -> dict[str, float]:
    now, waited = work.now(), {}
    for name in work.policies.names():
        with suppress(UnreadablePolicyError):  # the watcher's log tells of it
            kept = work.policies.find(name)
            if kept is not None and kept.policy.enabled:
                since = work.windows.came_after(work.samples.find(name), kept.judged_until)
                waited[name] = 0.0 if since is None else overdue(kept, since, now)
    return waited
