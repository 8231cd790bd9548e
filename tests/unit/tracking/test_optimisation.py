"""Optimisation: checked first, recorded last."""

from types import TracebackType
from typing import Any, Self, cast

import pytest

from fleet.errors import ConflictError, InvalidRequestError
from tests.callers import ALICE
from tests.unit.tracking.fakes import FakeMlflow
from tracking.persistence.model.search import NewExperiment, TrainingSet
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.checking import check_folds
from tracking.service.optimisation import Optimisation, OptimisationService
from tracking.service.refusals import (
    FoldsError,
    HyperparametersRefusedError,
    ScoringRefusedError,
    TooFewRowsError,
    TooManyCombinationsError,
)

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

    def read(self, use_case: str) -> TrainingSet:
        assert use_case == "wine"
        return self._training


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


def make_service(training: TrainingSet, mlflow: FakeMlflow) -> OptimisationService:
    """The service on fakes, for grids of up to 50 combinations."""
    unit = cast(TrackingUnitOfWork, FakeUnitOfWork(training))
    return OptimisationService(lambda: unit, mlflow, max_combinations=50)


def test_every_model_is_searched_and_recorded_together(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    request = make_request(
        models=["LogisticRegression", "SVC", "SVC"], grids={"LogisticRegression": LIBLINEAR, "SVC": {}}
    )
    done = make_service(wine, mlflow).optimise(request, caller=ALICE)
    assert set(done.run_ids) == {"LogisticRegression", "SVC"}
    ((experiment, searches),) = mlflow.recorded
    assert experiment == EXPERIMENT
    assert [search.model_name for search in searches] == ["LogisticRegression", "SVC"]


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
        make_service(wine, mlflow).optimise(make_request(**changes), caller=ALICE)
    assert mlflow.recorded == []


def test_a_combination_refused_in_fit_is_named(wine: TrainingSet) -> None:
    grids = {"LogisticRegression": {"solver": ["liblinear", "lbfgs"], "penalty": ["l1"]}}
    with pytest.raises(HyperparametersRefusedError, match=r"penalty='l1', solver='lbfgs'"):
        make_service(wine, FakeMlflow()).optimise(make_request(grids=grids), caller=ALICE)


def test_one_bad_model_among_good_ones_records_none(wine: TrainingSet) -> None:
    mlflow = FakeMlflow()
    grids = {"LogisticRegression": LIBLINEAR, "SVC": {"gamma": ["steep"]}}
    with pytest.raises(HyperparametersRefusedError, match="gamma='steep'"):
        make_service(wine, mlflow).optimise(
            make_request(models=["LogisticRegression", "SVC"], grids=grids), caller=ALICE
        )
    assert mlflow.recorded == []


def test_a_scoring_that_cannot_score_these_classes_is_named(wine: TrainingSet) -> None:
    with pytest.raises(ScoringRefusedError, match="roc_auc"):
        make_service(wine, FakeMlflow()).optimise(make_request(scoring="roc_auc"), caller=ALICE)


def test_a_grid_larger_than_the_limit_is_refused_before_it_is_tried(wine: TrainingSet) -> None:
    grids = {"LogisticRegression": {"C": [float(number) for number in range(1, 52)]}}
    with pytest.raises(TooManyCombinationsError, match="51 combinations"):
        make_service(wine, FakeMlflow()).optimise(make_request(grids=grids), caller=ALICE)


def test_a_deleted_name_is_refused_before_the_search(wine: TrainingSet) -> None:
    mlflow = FakeMlflow(deleted_names={"wine_test_1"})
    with pytest.raises(ConflictError):
        make_service(wine, mlflow).optimise(make_request(), caller=ALICE)
    assert mlflow.recorded == []


def test_folds_go_up_to_the_rows_of_the_smallest_class(wine: TrainingSet) -> None:
    check_folds(29, wine)
    with pytest.raises(FoldsError):
        check_folds(30, wine)


def test_one_class_cannot_be_searched_on(wine: TrainingSet) -> None:
    first = wine.classes == 0
    one = TrainingSet("wine", wine.feature_names, wine.features[first], wine.classes[first])
    with pytest.raises(TooFewRowsError):
        check_folds(2, one)
