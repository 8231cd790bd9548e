"""Taking what another thread makes."""

import threading
import time
from collections.abc import Callable

import pytest

from ml_model.service.read_ahead import AHEAD, LOOK_S, NobodyTakesError, read_ahead

Hand = Callable[[int], object]


def test_what_is_made_comes_in_order() -> None:
    def read(hand_over: Hand) -> None:
        for number in range(50):
            hand_over(number)

    with read_ahead(read) as numbers:
        assert list(numbers) == list(range(50))


def test_who_makes_is_only_some_steps_ahead() -> None:
    made: list[int] = []
    full = threading.Event()

    def read(hand_over: Hand) -> None:
        for number in range(2 * AHEAD):
            if number == AHEAD:
                full.set()
            hand_over(number)
            made.append(number)

    with read_ahead(read) as numbers:
        assert full.wait(10)
        time.sleep(3 * LOOK_S)
        assert made == list(range(AHEAD))
        assert list(numbers) == list(range(2 * AHEAD))


def test_an_error_of_who_makes_comes_in_place_of_the_next() -> None:
    def read(hand_over: Hand) -> None:
        hand_over(1)
        raise ValueError("dry")

    with read_ahead(read) as numbers:
        assert next(numbers) == 1
        with pytest.raises(ValueError, match="dry"):
            next(numbers)


def test_who_makes_ends_once_nobody_takes() -> None:
    ended: list[type[BaseException]] = []

    def read(hand_over: Hand) -> None:
        try:
            while True:
                hand_over(1)
        except BaseException as error:
            ended.append(type(error))
            raise

    with read_ahead(read) as numbers:
        next(numbers)
    assert ended == [NobodyTakesError]
    assert not any(thread.name.startswith("read-ahead") for thread in threading.enumerate())
