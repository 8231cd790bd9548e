"""Telling as jobs: ordered in the transaction of what is told, so that neither is without the other."""

from collections.abc import Mapping
from typing import Any

from fleet.caller import Caller
from fleet.jobs import Asked
from monitoring.persistence.repository.policies import UnreadablePolicyError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.telling.event import Event, Kind, Severity, as_arguments

KIND = "tell"
LIMIT_S = 7200.0  # of the job: twice the time for which the receiver may be away


def order_telling(  # noqa: PLR0913  # what is told
    work: MonitoringUnitOfWork,
    use_case: str,
    kind: Kind,
    sentence: str,
    *,
    caller: Caller,
    severity: Severity = "info",
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Have it told once the transaction is committed; False where the policy names nobody to tell.

    The job holds what is told. To whom, and the secret, is read when it is.
    """
    try:
        kept = work.policies.find(use_case)
    except UnreadablePolicyError:  # what is told of must not fail because of it
        return False
    if kept is None or kept.policy.webhook is None:
        return False
    event = Event(kind, use_case, work.now(), sentence, severity, details or {})
    work.jobs.add(Asked(KIND, as_arguments(event), caller), limit_s=LIMIT_S)
    return True
