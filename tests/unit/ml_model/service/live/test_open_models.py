"""Models that are in memory: each once, whoever asks, and within one bound."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from db.use_cases import UnknownDeploymentError
from ml_model.service.live.open_models import OpenModels
from ml_model.service.live.opened import Opened, Served
from tests.unit.ml_model.service.live.fakes import Always, served

ROOM = 25


def sized(number: int, size: int = 10) -> Served:
    """Of the use case tea, if the number is even."""
    model = Always(number)
    return Served(number, "SVC", Opened(model, size, lambda: model), True, ("tea", "wine")[number % 2])


def test_two_who_ask_at_once_are_given_the_same_model_which_is_opened_once() -> None:
    opened: list[int] = []

    def open_slowly(number: int) -> Served:
        opened.append(number)
        time.sleep(0.2)  # in which the other one would open it too
        return served(number)

    models = OpenModels(open_slowly, ROOM)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: models.open(1), range(2))
    assert first is second is models.find(1)
    assert opened == [1]


def test_a_model_that_opens_slowly_holds_no_other_up() -> None:
    other_is_open = threading.Event()

    def open_in_turn(number: int) -> Served:
        if number == 1:
            assert other_is_open.wait(10)
        return served(number)

    models = OpenModels(open_in_turn, ROOM)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(models.open, 1)
        models.open(2)
        other_is_open.set()
        assert slow.result(10) is models.find(1)
    assert models.find(2) is not None


def test_what_was_asked_longest_ago_is_forgotten_unless_it_has_a_role() -> None:
    models = OpenModels(sized, ROOM)
    models.keep({1}, {"tea", "wine"})
    live = models.open(1)
    for number in (2, 3, 4):
        models.open(number)
    assert models.find(1) is live
    assert not live.predictor.is_open
    assert [number for number in (2, 3, 4) if models.find(number)] == [3, 4]


def test_scorings_and_live_requests_share_the_bound_and_the_model() -> None:
    models = OpenModels(sized, ROOM)
    live = models.open(1)
    assert models.predictor(1) is live.predictor.on_all_cores()
    for number in (2, 3):
        models.predictor(number)
    assert not live.predictor.is_open


def test_a_closed_model_that_is_asked_again_closes_another_one() -> None:
    models = OpenModels(sized, ROOM)
    models.keep({1, 2, 3}, {"tea", "wine"})
    every = [models.open(number).predictor for number in (1, 2, 3)]
    assert [each.is_open for each in every] == [False, True, True]
    models.predictor(1)
    assert [each.is_open for each in every] == [True, False, True]


def test_a_model_that_has_lost_its_role_is_forgotten() -> None:
    models = OpenModels(sized, ROOM)
    models.keep({1}, {"wine"})
    models.open(1)
    models.keep((), {"wine"})
    assert models.find(1) is None


def test_models_of_use_cases_that_are_gone_are_forgotten() -> None:
    models = OpenModels(sized, ROOM)
    models.open(1), models.open(2)
    models.keep((), {"wine"})
    assert models.find(1) is not None
    assert models.find(2) is None


def test_one_that_cannot_be_opened_is_tried_again_by_the_next_who_asks() -> None:
    answers: Iterator[Served | Exception] = iter([UnknownDeploymentError(1, "wine"), served(1)])

    def open_at_last(_: int) -> Served:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    models = OpenModels(open_at_last, ROOM)
    with pytest.raises(UnknownDeploymentError):
        models.open(1)
    assert models.open(1).deployment_id == 1
