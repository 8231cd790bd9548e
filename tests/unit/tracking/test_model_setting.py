"""What is pushed to ml_model."""

import json

import pytest

from tests.callers import ALICE
from tests.unit.tracking.fakes import FakeChampions, FakeMlflow, FakeMlModel, make_run
from tracking.persistence.model.experiment import Run
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.model_setting import (
    AskedRun,
    ForeignRunError,
    ModelSettingService,
    NoModelInRunError,
    RunNotFinishedError,
    RunOfAnotherUseCaseError,
    UnfitHyperparameterError,
)

TYPES = {"n": 10, "text": "10", "x": 1.0, "yes": True, "nothing": None}


def no_transaction() -> TrackingUnitOfWork:
    raise AssertionError("ml_model answered: there is nothing to look up")


def push(run: Run, *, asked: str | None = None, champions: FakeChampions | None = None) -> FakeMlModel:
    """Set this run's model. asked: the use case, if it is named."""
    ml_model = FakeMlModel()
    service = ModelSettingService(
        FakeMlflow(held_runs=[run]), ml_model, champions or FakeChampions(), no_transaction
    )
    service.set_model(AskedRun("a", asked or "wine", use_case_is_asked_for=asked is not None), caller=ALICE)
    return ml_model


WRITTEN = {"model_type": "SVC", "hyperparameters": "{}", "use_case": "beer"}


def test_what_is_set_is_the_champion_of_its_use_case() -> None:
    champions = FakeChampions()
    push(make_run("a", tags=WRITTEN), champions=champions)
    assert champions.crowned == [("beer", "a", 7)]


def test_a_model_is_set_though_nobody_can_be_told_of_its_champion(caplog: pytest.LogCaptureFixture) -> None:
    away = FakeChampions(MlflowUnavailableError())
    assert push(make_run("a", tags=WRITTEN), champions=away).models
    (said,) = [record.getMessage() for record in caplog.records]
    assert said == "The model of run a is set, and MLflow does not call it the champion of beer: set it again"


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "KILLED"])
def test_a_run_that_has_not_finished_is_told_so_though_it_does_not_say_its_hyperparameters(
    status: str,
) -> None:
    """It says them last of all."""
    with pytest.raises(RunNotFinishedError, match=status):
        push(make_run("a", status=status, tags={"model_type": "SVC", "use_case": "wine"}))


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
    run = make_run("a", tags={"model_type": "SVC", **tags}, params={"model_C": "1"})
    (sent,) = push(run, asked="beer").models
    assert sent.use_case == "beer"


def test_a_use_case_that_is_not_the_runs_is_refused_by_both_names() -> None:
    with pytest.raises(RunOfAnotherUseCaseError, match="of use case 'beer', not of 'wine'"):
        push(
            make_run("a", tags={"model_type": "SVC", "use_case": "beer", "hyperparameters": "{}"}),
            asked="wine",
        )


def test_a_run_without_a_model_is_refused() -> None:
    with pytest.raises(NoModelInRunError):
        push(make_run("a"))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"C": "10", "kernel": "rbf"},
        {"estimator__C": "10"},
        {"data_samples": "106", "hyperparameters": "{}"},
    ],
)
@pytest.mark.parametrize("tag", [None, "not json", "[1]", "7"])
def test_a_run_that_does_not_say_its_hyperparameters_is_not_set_with_defaults(
    params: dict[str, str], tag: str | None
) -> None:
    tags = {"model_type": "SVC", **({} if tag is None else {"hyperparameters": tag})}
    with pytest.raises(ForeignRunError, match="ID a "):
        push(make_run("a", tags=tags, params=params))


def test_a_search_of_the_defaults_says_so() -> None:
    (sent,) = push(make_run("a", tags={"model_type": "SVC", "hyperparameters": "{}"})).models
    assert sent.hyperparameters == {}


@pytest.mark.parametrize(
    "tag", ['{"C": NaN}', '{"C": -Infinity}', '{"C": 1e999}', '{"C": [1, {"x": NaN}]}', '{"C": "\\ud800"}']
)
def test_a_value_that_cannot_be_sent_is_refused_by_name(tag: str) -> None:
    with pytest.raises(UnfitHyperparameterError, match="'C'"):
        push(make_run("a", tags={"model_type": "SVC", "hyperparameters": tag}))


@pytest.mark.parametrize("text", ["1e999", "{1, 2}", "b'x'", "2j", "...", "x" * 6000])
def test_a_parameter_that_is_no_json_or_was_cut_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnfitHyperparameterError, match="'C'"):
        push(make_run("a", tags={"model_type": "SVC"}, params={"model_C": text}))


@pytest.mark.parametrize("status", ["RUNNING", "FAILED", "KILLED", "SCHEDULED"])
def test_a_run_that_has_not_finished_is_not_set(status: str) -> None:
    run = make_run("a", tags={"model_type": "SVC", "hyperparameters": "{}"}, status=status)
    with pytest.raises(RunNotFinishedError, match=f"is {status}, not FINISHED"):
        push(run)
