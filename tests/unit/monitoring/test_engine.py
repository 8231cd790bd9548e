"""The engine warms up before it is ready."""

import time

import pytest

from monitoring.service.engine import Engine, StillWarmingUpError, UnusableEngineError

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


def test_an_engine_whose_evidently_fails_is_never_ready(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'evidently.legacy.tests'")

    engine = Engine()
    monkeypatch.setattr(engine, "run_tests", fail)
    engine.start()
    deadline = time.monotonic() + WARM_UP_SECONDS
    while "The warm-up failed" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(UnusableEngineError):
        engine.check()
