"""Times and warnings."""

import threading
import warnings
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tracking.utils.quiet import no_warnings
from tracking.utils.times import text


def test_times_are_written_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert text(datetime(2024, 10, 30, 21, 44, 16, tzinfo=berlin)) == "2024-10-30 20:44:16"
    assert text(datetime(2024, 10, 30, 20, 44, 16, 999_000, tzinfo=UTC)) == "2024-10-30 20:44:16"
    assert text(None) is None


def test_warnings_are_silent_inside_and_heard_again_outside() -> None:
    with no_warnings():
        warnings.warn("unheard", UserWarning, stacklevel=1)
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", UserWarning, stacklevel=1)


def test_the_last_of_overlapping_threads_restores_the_filters() -> None:
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with no_warnings():
            inside.set()
            leave.wait(5)

    with no_warnings():
        thread = threading.Thread(target=stay)
        thread.start()
        inside.wait(5)
    warnings.warn("still unheard", UserWarning, stacklevel=1)
    leave.set()
    thread.join()
    assert list(warnings.filters) == before
