import os
import signal
from collections.abc import Iterator

import pytest

from launcher.interrupts import SIGNALS, Interrupted, Interrupts


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    installed = Interrupts()
    installed.install()
    yield installed
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_with_the_status_that_shells_expect(
    interrupts: Interrupts, number: signal.Signals
) -> None:
    with pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), number)

    assert caught.value.status == 128 + number


def test_a_signal_waits_for_what_must_not_be_cut_short(interrupts: Interrupts) -> None:
    done = []

    def work() -> None:
        with interrupts.held():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("everything")

    with pytest.raises(Interrupted):
        work()

    assert done == ["everything"]


def test_an_error_inside_is_not_lost_to_a_signal(interrupts: Interrupts) -> None:
    def work() -> None:
        with interrupts.held():
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError("the cause")

    with pytest.raises(ValueError, match="the cause"):
        work()
