"""Delivers an event to a webhook, at least once or with a reason why not."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from fleet.errors import AwayError, FleetError
from monitoring.service.telling.event import Event, Webhook
from monitoring.service.telling.forms import body
from monitoring.service.telling.signature import signature

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=1)
TOO_MANY_REQUESTS = 429
Result = Literal["delivered", "away", "given_up", "refused"]


class WebhookRefusedError(FleetError):
    """Who is to be told by a webhook does not take it."""

    status = 502

    def __init__(self, origin: str, status: int) -> None:
        moved = "; redirects are not followed" if 300 <= status < 400 else ""
        super().__init__(
            f"The webhook at {origin} answered {status}{moved}",
            "Check its URL and its form in the policy; it is not tried again",
        )


class WebhookGivenUpError(FleetError):
    """Who is to be told by a webhook was away for an hour."""

    status = 502

    def __init__(self, last: FleetError) -> None:
        super().__init__(last.error, "It was tried for an hour; what it would have told is not sent any more")


class WebhookFailingError(AwayError):
    """Who is to be told by a webhook answers that it cannot take it now; it is tried again."""

    def __init__(self, origin: str, status: int) -> None:
        super().__init__(f"The webhook at {origin} answered {status}", "It is tried again for an hour")


class Posts(Protocol):
    """See persistence's Webhooks."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[str, int]: ...


def _uncounted(result: Result) -> None:
    del result


class Teller:
    """Tells people. count: told how each attempt ended. now: the time, with its zone."""

    def __init__(
        self,
        webhooks: Posts,
        count: Callable[[Result], None] = _uncounted,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._webhooks = webhooks
        self._count = count
        self._now = now

    def deliver(self, event: Event, webhook: Webhook) -> None:
        """Post it once.

        Raises an AwayError, for a job to try again, until the event is an hour old; WebhookGivenUpError then,
        WebhookRefusedError and UnusableUrlError at once.
        """
        try:
            self._post(event, webhook)
        except AwayError as error:
            if self._now() - event.at < GIVE_UP_AFTER:
                self._count("away")
                raise
            self._count("given_up")
            log.warning("The %s of %s was not told: %s", event.kind, event.use_case, error.error)
            raise WebhookGivenUpError(error) from error
        except FleetError as error:
            self._count("refused")
            log.warning("The %s of %s was not told: %s", event.kind, event.use_case, error.error)
            raise
        self._count("delivered")

    def _post(self, event: Event, webhook: Webhook) -> None:
        content = body(event, webhook.form)
        headers = {"Content-Type": "application/json", "User-Agent": "mlfleet-monitoring"}
        if webhook.secret:
            headers |= signature(content, webhook.secret, int(self._now().timestamp()))
        origin, status = self._webhooks.post(webhook.url, content, headers)
        if status == TOO_MANY_REQUESTS or status >= 500:
            raise WebhookFailingError(origin, status)
        if not 200 <= status < 300:
            raise WebhookRefusedError(origin, status)
