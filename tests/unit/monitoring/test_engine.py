"""The engine warms up before it is ready."""

import time

import pytest

from monitoring.service.engine import Engine, StillWarmingUpError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own, in its report

WARM_UP_SECONDS = 60


def is_ready(engine: Engine) -> bool:
    try:
        engine.check()
    except StillWarmingUpError:
        return False
    return True


def test_an_engine_that_was_not_started_says_that_it_is_not_ready() -> None:
    with pytest.raises(StillWarmingUpError) as caught:
        Engine().check()
    assert caught.value.status == 503


def test_an_engine_gets_ready_in_the_background() -> None:
    engine = Engine()
    engine.start()
    deadline = time.monotonic() + WARM_UP_SECONDS
    while not is_ready(engine) and time.monotonic() < deadline:
        time.sleep(0.05)
    engine.check()
