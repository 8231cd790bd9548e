"""Whom a policy tells: what is ordered, and a test."""

from collections.abc import Mapping
from typing import Any

from fleet.caller import Caller
from fleet.errors import ConflictError, FleetError
from monitoring.persistence.model.policy import WebhookPolicy
from monitoring.service.loop.context import Units
from monitoring.service.policies import policy_of
from monitoring.service.telling.delivery import Answered, Teller
from monitoring.service.telling.event import Event, Webhook, from_arguments


class NobodyToTellError(ConflictError):
    """The policy has no webhook."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"The policy of '{use_case}' has no webhook",
            'PUT /root/monitoring/policy with "webhook": {"url": …, "form": …}',
        )


class WebhookTestFailedError(FleetError):
    """The test that was sent to a policy's webhook did not arrive."""

    status = 502

    def __init__(self, why: FleetError) -> None:
        super().__init__(
            f"The test was not told: {why.error}",
            "Mend what it says, or the policy's webhook (PUT /root/monitoring/policy), and test again",
        )


class Telling:
    """units: opens a transaction. teller: calls webhooks."""

    def __init__(self, units: Units, teller: Teller) -> None:
        self._units = units
        self._teller = teller

    def deliver(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a job that `order_telling` has put does; its result.

        Raises an AwayError, for the job to try again, and what ends it: see Teller.
        """
        event = from_arguments(arguments)
        with self._units() as work:
            kept = work.policies.find(event.use_case)
        if kept is None or kept.policy.webhook is None:
            return {"message": "Nobody was told: the webhook was taken out of the policy"}
        answered = self._teller.deliver(event, _webhook(kept.policy.webhook))
        return {"message": answered.sentence, "status": answered.status}

    def test(self, use_case: str, *, caller: Caller) -> Answered:
        """Send a test now, and say how it was answered.

        Raises UnknownUseCaseError, UnknownPolicyError, NobodyToTellError, WebhookTestFailedError.
        """
        with self._units() as work:
            webhook, at = policy_of(work, use_case).policy.webhook, work.now()
        if webhook is None:
            raise NobodyToTellError(use_case)
        event = Event("test", use_case, at, f"A test that {caller.name} has asked for: nothing has happened")
        try:
            return self._teller.deliver(event, _webhook(webhook))
        except FleetError as error:
            raise WebhookTestFailedError(error) from error


def _webhook(policy: WebhookPolicy) -> Webhook:
    return Webhook(policy.url, policy.secret, policy.form)
