"""How a delivery ends, whatever the receiver does, and that a receiver can tell that it is ours."""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from fleet.errors import AwayError, FleetError
from monitoring.persistence.repository.webhooks import WebhookAwayError, Webhooks
from monitoring.service.telling.delivery import (
    Answered,
    Teller,
    WebhookFailingError,
    WebhookGivenUpError,
    WebhookRefusedError,
)
from monitoring.service.telling.event import Event, Webhook
from monitoring.service.telling.forms import FORMS, body
from monitoring.utils.destinations import UnusableUrlError, parse_allowed
from tests.architecture.project import PROJECT
from tests.conftest import free_port
from tests.integration.monitoring.telling.receiver import BIG, Receiver, receiving

EVENT = Event("verdict", "wine", datetime.now(UTC), "alcohol drifted", "critical", {"verdict_id": 7})
OLD = Event("verdict", "wine", datetime.now(UTC) - timedelta(hours=1), "alcohol drifted")
SECRET = SecretStr("tell-n0body")
TOKEN = "t0ken-in-the-path"
README = PROJECT / "monitoring" / "README.md"


class Told:
    """A teller of this machine's receivers."""

    def __init__(self) -> None:
        webhooks = Webhooks(parse_allowed("127.0.0.1"), connect_s=1, total_s=2)
        self.teller = Teller(webhooks)

    def tell(self, event: Event, url: str, **named: Any) -> Answered:
        return self.teller.deliver(event, Webhook(url, **named))


@pytest.fixture
def told() -> Told:
    return Told()


def is_ours() -> Callable[[str, dict[str, str], bytes], bool]:
    """The receiver's check as monitoring/README.md gives it: another implementation than the sender's."""
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # our own README
    found: Callable[[str, dict[str, str], bytes], bool] = names["is_ours"]
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_form_arrives_as_json(receiver: Receiver, told: Told, form: Any) -> None:
    told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/hook?{TOKEN}", form=form)

    (request,) = receiver.requests
    assert request.path == f"/hook?{TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == body(EVENT, form)
    assert not [name for name in request.headers if name.startswith("X-MLFleet")], "there is no secret"


def test_a_receiver_can_tell_that_a_webhook_is_ours_and_of_now(
    receiver: Receiver, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/", secret=SECRET)
    (request,) = receiver.requests
    check, secret, headers = is_ours(), SECRET.get_secret_value(), request.headers

    assert headers["X-MLFleet-Signature"].startswith("v1=")
    assert check(secret, headers, request.body)
    assert not check("another", headers, request.body)
    assert not check(secret, headers, request.body + b" ")
    assert not check(secret, {**headers, "X-MLFleet-Timestamp": str(int(time.time()) - 1)}, request.body)
    assert not check(secret, {}, request.body)
    assert not check(secret, {**headers, "X-MLFleet-Signature": "v1=\u00e9"}, request.body)
    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    assert not check(secret, headers, request.body), "it is repeated by somebody else"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_says_that_it_has_arrived(receiver: Receiver, told: Told, status: int) -> None:
    receiver.status = status

    answered = told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/")

    assert answered == Answered(f"http://127.0.0.1:{receiver.port}", status)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_by_the_job(receiver: Receiver, told: Told, status: int) -> None:
    receiver.status = status

    with pytest.raises(WebhookFailingError, match=f"answered {status}") as raised:
        told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/")

    assert isinstance(raised.value, AwayError)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 413])
def test_what_does_not_pass_ends_the_job_with_the_status(
    receiver: Receiver, told: Told, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status, receiver.location = status, "http://169.254.169.254/"

    with pytest.raises(WebhookRefusedError, match=f"answered {status}") as raised:
        told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/")

    assert not isinstance(raised.value, AwayError)
    assert f"The verdict of wine was not told: {raised.value.error}" in caplog.text


@pytest.mark.alone
@pytest.mark.parametrize("path", ["silent", "trickle", "continue"])
def test_a_slow_receiver_is_left(receiver: Receiver, told: Told, path: str) -> None:
    begun = time.monotonic()

    with pytest.raises(WebhookAwayError):
        told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/{path}")

    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("path", ["garbage", "header"])
def test_who_does_not_speak_http_is_away(receiver: Receiver, told: Told, path: str) -> None:
    with pytest.raises(WebhookAwayError, match="cannot be reached, or has broken off"):
        told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/{path}")


def test_a_big_answer_is_not_read(receiver: Receiver, told: Told) -> None:
    answered = told.tell(EVENT, f"http://127.0.0.1:{receiver.port}/big")

    assert answered.status == 200
    time.sleep(0.2)
    assert receiver.written < BIG / 4, "only what the kernel's buffers hold"


def test_nobody_there_is_tried_again(told: Told) -> None:
    for url in (f"http://127.0.0.1:{free_port()}/", "http://does-not-exist.invalid/"):
        with pytest.raises(WebhookAwayError):
            told.tell(EVENT, url)


def test_after_an_hour_it_is_given_up_but_tried_first(
    receiver: Receiver, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 503
    with pytest.raises(WebhookGivenUpError, match="answered 503") as raised:
        told.tell(OLD, f"http://127.0.0.1:{receiver.port}/")
    assert not isinstance(raised.value, AwayError)
    assert "The verdict of wine was not told" in caplog.text

    receiver.status = 200
    assert told.tell(OLD, f"http://127.0.0.1:{receiver.port}/").status == 200


def test_errors_and_logs_tell_neither_secret_nor_path(
    receiver: Receiver, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.status = 404
    told_of: list[str] = [repr(Webhook(f"http://h/{TOKEN}", SECRET))]
    for place in (f"127.0.0.1:{receiver.port}", "127.0.0.1:1", "10.0.0.1", "does-not-exist.invalid"):
        for path in ("", "garbage", "header"):
            with pytest.raises(FleetError) as raised:
                told.tell(EVENT, f"http://{place}/{path}?{TOKEN}", secret=SECRET)
            told_of += [str(raised.value.body()), str(raised.getrepr(style="short", showlocals=False))]
    with receiving() as gone:
        pass
    with pytest.raises(FleetError) as raised:
        told.tell(EVENT, f"http://127.0.0.1:{gone.port}/{TOKEN}", secret=SECRET)
    told_of += [str(raised.value.body()), caplog.text]
    spoken = "\n".join(told_of)

    assert "127.0.0.1" in spoken
    assert TOKEN not in spoken
    assert SECRET.get_secret_value() not in spoken


def test_a_webhook_into_the_fleet_is_refused_and_ends_the_job(told: Told) -> None:
    with pytest.raises(UnusableUrlError):
        told.tell(EVENT, "http://169.254.169.254/latest/meta-data/")
