import time
from collections.abc import Callable

import pytest

from launcher.local.plan import Service
from launcher.local.processes import Processes
from launcher.local.readiness import ServiceFailedError, wait_until_ready
from tests.conftest import free_port

FakeService = Callable[[str, int], Service]


def test_it_returns_when_the_service_answers(processes: Processes, fake_service: FakeService) -> None:
    service = fake_service("answers", free_port())
    ready: list[Service] = []

    wait_until_ready([(service, processes.start(service, {}))], processes.log, ready.append, 20)

    assert ready == [service]


def test_a_death_during_the_start_ends_the_wait_at_once_with_the_log(
    processes: Processes, fake_service: FakeService
) -> None:
    service = fake_service("dies", free_port())
    begun = time.monotonic()

    with pytest.raises(ServiceFailedError, match="fake ended while it was starting") as caught:
        wait_until_ready([(service, processes.start(service, {}))], processes.log, lambda _: None, 60)

    assert time.monotonic() - begun < 10
    assert "the reason why it died" in caught.value.message
    assert str(processes.log("fake")) in caught.value.message


def test_a_service_that_never_answers_is_named_when_time_is_up(
    processes: Processes, fake_service: FakeService
) -> None:
    service = fake_service("silent", free_port())

    with pytest.raises(ServiceFailedError, match="fake was not ready within 1 s"):
        wait_until_ready([(service, processes.start(service, {}))], processes.log, lambda _: None, 1)
