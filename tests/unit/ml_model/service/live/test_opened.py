"""Models that are kept open within bounds."""

import numpy as np
import pytest

from fleet.errors import UnavailableError
from ml_model.service.live.opened import Opened, Served, close_longest_unused
from ml_model.service.predictor import Predicted

ROW = np.zeros((1, 2))


class Three:
    """Predicts 3."""

    gives_probabilities = False

    def predict(self, features: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> Predicted:
        return Predicted(np.full(len(features), 3.0), None)


class Model:
    """A stored model that counts how often it was opened again."""

    def __init__(self, size: int = 10) -> None:
        self.reopened = 0
        self.opened = Opened(Three(), size, self._again)

    def _again(self) -> Three:
        self.reopened += 1
        return Three()


def test_a_closed_model_is_opened_once_when_it_is_asked_again() -> None:
    model = Model()
    model.opened.close()
    assert not model.opened.is_open
    assert [model.opened.predict(ROW).labels.tolist() for _ in range(3)] == [[3.0]] * 3
    assert (model.opened.is_open, model.reopened) == (True, 1)


def test_a_closed_model_holds_no_quick_request_up() -> None:
    model = Model()
    served = Served(1, "SVC", model.opened, quick=True)
    assert served.is_quick
    model.opened.close()
    assert not served.is_quick


def test_what_was_asked_longest_ago_is_closed_until_the_rest_fits() -> None:
    models = [Model() for _ in range(4)]
    for model in (models[2], models[0], models[3], models[1]):
        model.opened.predict(ROW)
    assert close_longest_unused([model.opened for model in models], 25) == 2
    assert [model.opened.is_open for model in models] == [False, True, False, True]


def test_the_one_that_was_asked_last_stays_open_whatever_its_size() -> None:
    small, large = Model(), Model(1000)
    small.opened.predict(ROW)
    large.opened.predict(ROW)
    assert close_longest_unused([small.opened, large.opened], 25) == 1
    assert (small.opened.is_open, large.opened.is_open) == (False, True)


def test_that_it_cannot_be_read_at_the_moment_is_told_and_tried_again() -> None:
    answers = [UnavailableError("The database is away", "Start it"), None]

    def again() -> Three:
        if (error := answers.pop(0)) is not None:
            raise error
        return Three()

    opened = Opened(Three(), 1, again)
    opened.close()
    with pytest.raises(UnavailableError):
        opened.predict(ROW)
    assert opened.predict(ROW).labels.tolist() == [3.0]
