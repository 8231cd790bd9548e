"""How every use case stands, for Prometheus: the same from every replica and after a restart."""

from monitoring.persistence.model.standing import Standing
from monitoring.persistence.unit_of_work import NAME, MonitoringUnitOfWork
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
    for kept in work.policies.every():
        if kept.policy.enabled:
            since = work.windows.came_after(work.samples.find(kept.use_case), kept.judged_until)
            waited[kept.use_case] = 0.0 if since is None else max((now - since).total_seconds(), 0.0)
    return waited
