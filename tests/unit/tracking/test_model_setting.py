"""What is pushed to ml_model."""

import json

import pytest

from tests.callers import ALICE
from tests.unit.tracking.fakes import FakeMlflow, FakeMlModel, make_run
from tracking.persistence.model.experiment import Run
from tracking.service.model_setting import (
    ModelSettingService,
    NoModelInRunError,
    RunOfAnotherUseCaseError,
)

TYPES = {"n": 10, "text": "10", "x": 1.0, "yes": True, "nothing": None}


def push(run: Run, *, asked: str | None = None) -> FakeMlModel:
    """Set this run's model. asked: the use case, if it is named."""
    ml_model = FakeMlModel()
    ModelSettingService(FakeMlflow(held_runs=[run]), ml_model).set_model(
        "a", use_case=asked or "wine", use_case_is_asked_for=asked is not None, caller=ALICE
    )
    return ml_model


def test_types_come_from_the_tag_so_that_a_text_of_digits_stays_one() -> None:
    tags = {
        "model_type": "SVC",
        "hyperparameters": json.dumps(TYPES),
        "use_case": "beer",
        "preprocessing": "none",
    }
    (sent,) = push(make_run("a", tags=tags, params={"model_n": "11"})).models
    assert json.dumps(sent.hyperparameters) == json.dumps(TYPES)
    assert (sent.model_name, sent.use_case, sent.preprocessing, sent.run_id) == ("SVC", "beer", "none", "a")


@pytest.mark.parametrize("tag", [None, "not json", "[1]"])
def test_types_are_guessed_for_runs_that_others_logged(tag: str | None) -> None:
    tags = {"model_type": "SVC"} if tag is None else {"model_type": "SVC", "hyperparameters": tag}
    params = {
        "model_C": "10",
        "model_tol": "1e-3",
        "model_gamma": "scale",
        "model_x": "None",
        "model_y": "True",
    }
    (sent,) = push(make_run("a", tags=tags, params={**params, "data_samples": "1"})).models
    assert sent.hyperparameters == {"C": 10, "tol": 0.001, "gamma": "scale", "x": None, "y": True}
    assert (sent.use_case, sent.preprocessing) == ("wine", "standard_scaler")


@pytest.mark.parametrize("tags", [{"use_case": "beer"}, {}])
def test_a_use_case_that_is_the_runs_or_that_it_does_not_say_is_taken(tags: dict[str, str]) -> None:
    (sent,) = push(make_run("a", tags={"model_type": "SVC", **tags}), asked="beer").models
    assert sent.use_case == "beer"


def test_a_use_case_that_is_not_the_runs_is_refused_by_both_names() -> None:
    with pytest.raises(RunOfAnotherUseCaseError, match="of use case 'beer', not of 'wine'"):
        push(make_run("a", tags={"model_type": "SVC", "use_case": "beer"}), asked="wine")


def test_a_run_without_a_model_is_refused() -> None:
    with pytest.raises(NoModelInRunError):
        push(make_run("a"))
