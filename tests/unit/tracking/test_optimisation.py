"""Optimisation: checked first, recorded last."""

from dataclasses import replace
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import pytest

from db.definition import Feature, Task, UseCase
from fleet.catalogue import WrongTaskError
from fleet.errors import ConflictError, FleetError, InvalidRequestError
from fleet.jobs import Work
from tests.callers import ALICE
from tests.searches import FitsInMemory
from tests.unit.tracking.fakes import FakeMlflow
from tracking.persistence.model.search import NewExperiment, TrainingSet
from tracking.persistence.repository.studies import Studies
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service import checking
from tracking.service.bounds import Bounds
from tracking.service.checking import check_folds
from tracking.service.optimisation import Optimisation, OptimisationService, SearchMeans
from tracking.service.processes import LocalProcesses
from tracking.service.refusals import (
    FoldsError,
    HyperparametersRefusedError,
    ScoringRefusedError,
    TooFewNumbersError,
    TooFewRowsError,
    TooManyCombinationsError,
    TooManyFitsError,
    UnknownScoringError,
    ValueTooDeepError,
)
from tracking.service.scorings import scorings_for

LIBLINEAR = {"C": [0.1, 1], "solver": ["liblinear"]}
EXPERIMENT = NewExperiment("wine_test_1", {"owner": "Ada"})


class FakeUnitOfWork:
    """Hands out one training set, whatever the use case."""

    def __init__(self, training: TrainingSet) -> None:
        self.training_sets = self
        self._training = training

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to roll back."""

    def find(self, use_case: str) -> UseCase:
        assert use_case == self._training.use_case
        features = tuple(Feature(name=name) for name in self._training.feature_names)
        return UseCase(name=use_case, task=Task(self._training.task), target="?", features=features)

    def read(self, use_case: UseCase, snapshot_id: int | None, *, actor: str) -> TrainingSet:
        assert use_case.name == self._training.use_case
        return self._training

    def commit(self) -> None:
        """Nothing to keep."""


def make_request(**changes: Any) -> Optimisation:
    """A small valid request, changed as told."""
    fields = {
        "use_case": "wine",
        "models": ["LogisticRegression"],
        "grids": {"LogisticRegression": LIBLINEAR},
        "scoring": "accuracy",
        "cv": 2,
        "preprocessing": "standard_scaler",
        "experiment_name": EXPERIMENT.name,
        "experiment_tags": EXPERIMENT.tags,
        **changes,
    }
    return Optimisation(**fields)


def means() -> SearchMeans:
    """Two processes, and nothing that outlives them."""
    return SearchMeans(LocalProcesses(2), lambda _: FitsInMemory(), lambda _: Studies("search"))


class AsARequest:
    """Optimises as a request and its job do, one after the other."""

    def __init__(self, service: OptimisationService) -> None:
        self._service = service

    def optimise(self, asked: Optimisation) -> dict[str, Any]:
        """What the job answers."""
        answers: list[dict[str, Any]] = []
        self._service.check(asked)
        job = Work("job", 1, {}, ALICE, lambda *_: None, answers.append)
        try:
            self._service.optimise(asked, job)
        except FleetError as error:
            self._service.give_up(job, "failed", error.error)
            raise
        (answer,) = answers
        return dict(answer["data"])


def make_service(training: TrainingSet, mlflow: FakeMlflow) -> AsARequest:
    """The service on fakes, for grids of up to 50 combinations."""
    unit = cast(TrackingUnitOfWork, FakeUnitOfWork(training))
    return AsARequest(OptimisationService(lambda: unit, mlflow, bounds=Bounds(50, 500), means=means()))


def test_every_model_is_searched_and_recorded_together(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    request = make_request(
        models=["LogisticRegression", "SVC", "SVC"], grids={"LogisticRegression": LIBLINEAR, "SVC": {}}
    )
    done = make_service(wine, mlflow).optimise(request)
    assert set(done["run_ids"]) == {"LogisticRegression", "SVC"}
    ((experiment, searches),) = mlflow.recorded
    assert experiment == EXPERIMENT
    assert {search.model_name for search in searches} == {"LogisticRegression", "SVC"}
    assert mlflow.drawn == ["LogisticRegression", "SVC"]
    assert done["best_model"] == max(searches, key=lambda each: each.best_score).model_name
    assert mlflow.challengers == [("wine", done["best_model"])]


def test_of_several_models_the_error_of_one_is_told_and_the_others_are_recorded(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    grids = {"LogisticRegression": {"solver": ["lbfgs"], "penalty": ["l1"]}, "SVC": {}}
    request = make_request(models=["LogisticRegression", "SVC"], grids=grids)
    done = make_service(wine, mlflow).optimise(request)
    ((_, searches),) = mlflow.recorded
    assert [search.model_name for search in searches] == ["SVC"]
    assert done["errors"]["LogisticRegression"]["code"] == "hyperparameters_refused"
    assert done["run_ids"] == {"SVC": "run of SVC"}
    assert [(model, status) for model, status, _ in mlflow.ended] == [("LogisticRegression", "FAILED")]


REFUSED: dict[str, dict[str, Any]] = {
    "unknown model": {"models": ["XGBoost"]},
    "no grid": {"grids": {}},
    "unknown hyperparameter": {"grids": {"LogisticRegression": {"depth": [1]}}},
    "empty list": {"grids": {"LogisticRegression": {"C": []}}},
    "too long": {"grids": {"LogisticRegression": {"class_weight": ["x" * 6000]}}},
    "unknown scoring": {"scoring": "beauty"},
    "no folds": {"cv": 0},
    "negative folds": {"cv": -3},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_not_recorded(changes: dict[str, Any], wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    with pytest.raises(InvalidRequestError):
        make_service(wine, mlflow).optimise(make_request(**changes))
    assert mlflow.recorded == []


def test_a_grid_of_which_nothing_can_be_fitted_names_the_first_combination(wine: TrainingSet) -> None:
    grids = {"LogisticRegression": {"solver": ["lbfgs"], "penalty": ["l1"], "C": [1, 2]}}
    with pytest.raises(HyperparametersRefusedError, match=r"C=1, penalty='l1', solver='lbfgs'"):
        make_service(wine, FakeMlflow()).optimise(make_request(grids=grids))


def test_a_combination_refused_in_fit_fails_alone(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    grids = {"LogisticRegression": {"solver": ["lbfgs", "liblinear"], "penalty": ["l1"]}}
    make_service(wine, mlflow).optimise(make_request(grids=grids))
    ((_, (found,)),) = mlflow.recorded
    assert found.hyperparameters == {"penalty": "l1", "solver": "liblinear"}
    refused, _ = found.candidates
    assert np.isnan(refused.mean_score)
    assert "l1" in str(refused.reason)


def test_one_bad_model_among_good_ones_records_none(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    grids = {"LogisticRegression": LIBLINEAR, "SVC": {"gamma": ["steep"]}}
    with pytest.raises(HyperparametersRefusedError, match="gamma='steep'"):
        make_service(wine, mlflow).optimise(make_request(models=["LogisticRegression", "SVC"], grids=grids))
    assert mlflow.recorded == []


def test_a_scoring_that_cannot_score_these_classes_is_named(wine: TrainingSet) -> None:
    with pytest.raises(ScoringRefusedError, match="roc_auc"):
        make_service(wine, FakeMlflow()).optimise(make_request(scoring="roc_auc"))


def test_a_grid_larger_than_the_limit_is_refused_before_it_is_tried(wine: TrainingSet) -> None:
    grids = {"LogisticRegression": {"C": [float(number) for number in range(1, 52)]}}
    with pytest.raises(TooManyCombinationsError, match="51 combinations"):
        make_service(wine, FakeMlflow()).optimise(make_request(grids=grids))


def test_a_deleted_name_is_refused_before_the_search(wine: TrainingSet) -> None:
    mlflow = FakeMlflow(deleted_names={"wine_test_1"})
    with pytest.raises(ConflictError):
        make_service(wine, mlflow).optimise(make_request())
    assert mlflow.recorded == []


def test_folds_go_up_to_the_rows_of_the_smallest_class(wine: TrainingSet) -> None:
    check_folds(29, wine)
    with pytest.raises(FoldsError):
        check_folds(30, wine)


def test_one_class_cannot_be_searched_on(wine: TrainingSet) -> None:
    first = wine.target == 0
    one = TrainingSet("wine", wine.feature_names, wine.features[first], wine.target[first])
    with pytest.raises(TooFewRowsError):
        check_folds(2, one)


def numbers_of(request: dict[str, Any]) -> Optimisation:
    return make_request(**{"use_case": "fires", "models": ["Ridge"], "grids": {"Ridge": {}}, **request})


def test_a_regression_is_scored_by_its_own_default(fires: TrainingSet) -> None:
    mlflow = FakeMlflow()
    make_service(fires, mlflow).optimise(numbers_of({"scoring": None}))
    ((_, (found,)),) = mlflow.recorded
    assert list(found.metrics) == ["mae", "rmse", "r2", "max_error"]


@pytest.mark.parametrize("scoring", ["accuracy", "f1_weighted", "beauty"])
def test_a_scoring_of_classes_is_refused_with_those_of_numbers(fires: TrainingSet, scoring: str) -> None:
    with pytest.raises(UnknownScoringError, match=scoring) as caught:
        make_service(fires, FakeMlflow()).optimise(numbers_of({"scoring": scoring}))
    assert "neg_mean_absolute_error" in caught.value.message
    assert "r2" in caught.value.message
    assert "accuracy" not in caught.value.message


def test_every_scoring_that_is_listed_for_numbers_can_score_them(fires: TrainingSet) -> None:
    for scoring in scorings_for("regression"):
        make_service(fires, FakeMlflow()).optimise(numbers_of({"scoring": scoring}))


def test_a_scoring_that_cannot_score_these_numbers_is_named(fires: TrainingSet) -> None:
    below = replace(fires, target=np.asarray(fires.target - 1e6, dtype=np.float64))
    with pytest.raises(ScoringRefusedError, match="neg_mean_squared_log_error") as caught:
        make_service(below, FakeMlflow()).optimise(numbers_of({"scoring": "neg_mean_squared_log_error"}))
    assert "'r2'" in caught.value.message


def test_a_classifier_is_no_model_for_a_regression(fires: TrainingSet) -> None:
    request = make_request(use_case="fires", models=["SVC"], grids={"SVC": {}}, scoring=None)
    with pytest.raises(WrongTaskError, match="SVC is a model for classification"):
        make_service(fires, FakeMlflow()).optimise(request)


def test_folds_of_numbers_go_up_to_half_of_the_rows(fires: TrainingSet) -> None:
    check_folds(30, fires)
    with pytest.raises(FoldsError) as caught:
        check_folds(31, fires)
    assert "from 2 to 30" in caught.value.message
    few = replace(fires, features=fires.features[:3], target=np.array([1.0, 2.0, 3.0]))
    with pytest.raises(TooFewNumbersError):
        check_folds(2, few)


HUGE: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "one list": ({"SVC": {"C": list(range(1, 1_000_001))}}, TooManyCombinationsError),
    "many lists": ({"SVC": {f"x{number}": [1] * 1000 for number in range(20)}}, TooManyCombinationsError),
    "folds": ({"SVC": {"C": list(range(1, 41))}}, TooManyFitsError),
}


@pytest.mark.parametrize(("grids", "error"), HUGE.values(), ids=HUGE)
def test_a_huge_grid_is_refused_before_any_value_is_looked_at(
    grids: dict[str, Any], error: type[Exception], wine: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "check_hyperparameters", lambda *_: pytest.fail("a value was looked at"))
    request = make_request(models=["SVC"], grids=grids, cv=20)
    with pytest.raises(error, match="hyperparameters") as refused:
        make_service(wine, FakeMlflow()).optimise(request)
    assert "at most" in str(vars(refused.value)["message"])


@pytest.mark.parametrize("value", [[[[[1]]]], {"a": {"b": {"c": {"d": 1}}}}])
def test_a_value_that_is_nested_too_deeply_is_refused(value: object, wine: TrainingSet) -> None:
    request = make_request(models=["SVC"], grids={"SVC": {"class_weight": [value]}})
    with pytest.raises(ValueTooDeepError, match=r"hyperparameters\.SVC\.class_weight"):
        make_service(wine, FakeMlflow()).optimise(request)


def test_a_metric_that_overflows_is_left_out_and_named(fires: TrainingSet) -> None:
    huge = replace(fires, target=np.asarray(fires.target * 1e200, dtype=np.float64))
    mlflow = FakeMlflow()
    make_service(huge, mlflow).optimise(numbers_of({"scoring": None}))
    ((_, (found,)),) = mlflow.recorded
    assert "rmse" in found.no_numbers
    assert {*found.metrics, *found.no_numbers} == {"mae", "rmse", "r2", "max_error"}
    assert np.isfinite(list(found.metrics.values())).all()
