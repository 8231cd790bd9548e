"""Delivers an event to a webhook, at least once or with a reason why not."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fleet.errors import AwayError, FleetError
from monitoring.service.telling.event import Event, Webhook
from monitoring.service.telling.forms import body
from monitoring.service.telling.signature import signature

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=1)
TOO_MANY_REQUESTS = 429


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


@dataclass(frozen=True)
class Answered:
    """Who was told, without path, and the status that said that it has arrived."""

    origin: str
    status: int

    @property
    def sentence(self) -> str:
        return f"The webhook at {self.origin} answered {self.status}"


class Teller:
    """Tells people. now: the time, with its zone."""

    def __init__(self, webhooks: Posts, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._webhooks = webhooks
        self._now = now

    def deliver(self, event: Event, webhook: Webhook) -> Answered:
        """Post it once.

        Raises an AwayError, for a job to try again, until the event is an hour old; WebhookGivenUpError then,
        WebhookRefusedError and UnusableUrlError at once.
        """
        try:
            return self._post(event, webhook)
        except AwayError as error:
            if self._now() - event.at < GIVE_UP_AFTER:
                raise
            log.warning("The %s of %s was not told: %s", event.kind, event.use_case, error.error)
            raise WebhookGivenUpError(error) from error
        except FleetError as error:
            log.warning("The %s of %s was not told: %s", event.kind, event.use_case, error.error)
            raise

    def _post(self, event: Event, webhook: Webhook) -> Answered:
        content = body(event, webhook.form)
        headers = {"Content-Type": "application/json", "User-Agent": "mlfleet-monitoring"}
        if webhook.secret:
            headers |= signature(content, webhook.secret, int(self._now().timestamp()))
        origin, status = self._webhooks.post(webhook.url, content, headers)
        if status == TOO_MANY_REQUESTS or status >= 500:
            raise WebhookFailingError(origin, status)
        if not 200 <= status < 300:
            raise WebhookRefusedError(origin, status)
        return Answered(origin, status)
