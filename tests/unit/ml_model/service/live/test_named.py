"""Models that are asked for by their number."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ml_model.persistence.repository.history import UnknownDeploymentError
from ml_model.service.live.named import KEPT, NamedModels
from ml_model.service.live.opened import Served
from tests.unit.ml_model.service.live.fakes import served


def test_two_who_ask_at_once_are_given_the_same_model_which_is_opened_once() -> None:
    opened: list[int] = []

    def open_slowly(_: str, number: int) -> Served:
        opened.append(number)
        time.sleep(0.2)  # in which the other one would open it too
        return served(number)

    models = NamedModels(open_slowly)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: models.open("wine", 1), range(2))
    assert first is second is models.find("wine", 1)
    assert opened == [1]


def test_a_model_that_opens_slowly_holds_no_other_up() -> None:
    other_is_open = threading.Event()

    def open_in_turn(_: str, number: int) -> Served:
        if number == 1:
            assert other_is_open.wait(10)
        return served(number)

    models = NamedModels(open_in_turn)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(models.open, "wine", 1)
        models.open("wine", 2)
        other_is_open.set()
        assert slow.result(10) is models.find("wine", 1)
    assert models.find("wine", 2) is not None


def test_the_last_few_of_known_use_cases_are_kept() -> None:
    models = NamedModels(lambda _, number: served(number))
    for number in range(KEPT + 1):
        models.open("wine", number)
    assert models.find("wine", 0) is None
    models.open("tea", KEPT + 1)
    models.keep_of({"wine"})
    assert [each.deployment_id for each in models.every()] == list(range(2, KEPT + 1))


def test_one_that_cannot_be_opened_is_tried_again_by_the_next_who_asks() -> None:
    answers: Iterator[Served | Exception] = iter([UnknownDeploymentError(1, "wine"), served(1)])

    def open_at_last(_: str, number: int) -> Served:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    models = NamedModels(open_at_last)
    with pytest.raises(UnknownDeploymentError):
        models.open("wine", 1)
    assert models.open("wine", 1).deployment_id == 1
