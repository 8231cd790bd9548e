"""Policies from outside: what the loop may do for a use case."""

from fleet.caller import Caller
from fleet.errors import NotFoundError
from monitoring.persistence.model.policy import Policy, WebhookPolicy
from monitoring.persistence.repository.policies import KeptPolicy, UnreadablePolicyError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.context import Units
from monitoring.utils.destinations import Allowed, check_url


class UnknownPolicyError(NotFoundError):
    """The use case has no policy: nothing is judged, and nothing follows, by itself."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"Use case '{use_case}' has no policy",
            'PUT /root/monitoring/policy {"use_case": …} makes one; until then nothing is judged by itself',
        )


class Policies:
    """units: opens a transaction. allowed: where webhooks may go, besides public addresses."""

    def __init__(self, units: Units, allowed: Allowed) -> None:
        self._units = units
        self._allowed = allowed

    def find(self, use_case: str) -> KeptPolicy:
        """Raises UnknownUseCaseError, UnknownPolicyError, UnreadablePolicyError."""
        with self._units() as work:
            return policy_of(work, use_case)

    def put(self, use_case: str, policy: Policy, *, caller: Caller) -> KeptPolicy:
        """In the place of another. A webhook of the same URL that names no secret keeps the one it had.

        Rows that came in before the use case had an enabled policy are not judged by it. Raises
        UnknownUseCaseError, UnusableUrlError.
        """
        if policy.webhook is not None:
            check_url(policy.webhook.url, self._allowed)
        with self._units() as work:
            known = work.samples.find(use_case)
            before = _before(work, use_case)
            is_new = before is None or not before.policy.enabled
            until = work.windows.newest(known) if is_new else 0
            webhook = _with_secret(policy.webhook, None if before is None else before.policy.webhook)
            chosen = policy.model_copy(update={"webhook": webhook})
            work.policies.put(use_case, chosen, judged_until=until, actor=caller.name)
            work.audit.add("set_policy", use_case, caller, use_case=use_case)
            kept = policy_of(work, use_case)
            work.commit()
        return kept

    def remove(self, use_case: str, *, caller: Caller) -> None:
        """A loop that is under way goes on by the policy that it began with.

        Raises UnknownUseCaseError, UnknownPolicyError.
        """
        with self._units() as work:
            known = work.samples.find(use_case)
            if not work.policies.remove(known.name):
                raise UnknownPolicyError(use_case)
            work.audit.add("remove_policy", use_case, caller, use_case=use_case)
            work.commit()


def policy_of(work: MonitoringUnitOfWork, use_case: str) -> KeptPolicy:
    """The use case's policy. Raises UnknownUseCaseError, UnknownPolicyError."""
    kept = work.policies.find(work.samples.find(use_case).name)
    if kept is None:
        raise UnknownPolicyError(use_case)
    return kept


def _before(work: MonitoringUnitOfWork, use_case: str) -> KeptPolicy | None:
    """What is put out of its place. Of one that cannot be read nothing is kept."""
    try:
        return work.policies.find(use_case, hold=True)
    except UnreadablePolicyError:
        return None


def _with_secret(webhook: WebhookPolicy | None, before: WebhookPolicy | None) -> WebhookPolicy | None:
    """A secret is never shown, so whoever changes something else cannot send it again; null drops it."""
    if webhook is None or before is None or webhook.url != before.url or "secret" in webhook.model_fields_set:
        return webhook
    return webhook.model_copy(update={"secret": before.secret})
