"""Workers that die, fits that are kept, and what a search tells of itself."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict

from fleet.catalogue import build_pipeline
from fleet.errors import UnavailableError
from tests.searches import FitsInMemory, search_all
from tracking.persistence.model.search import FitKey, FitResult, SearchRequest, TrainingSet
from tracking.service import fits, kept_fits
from tracking.service.refusals import HyperparametersRefusedError, ScoringRefusedError

REQUEST = SearchRequest(["SVC"], {"SVC": {"C": [0.1, 1, 10]}}, "accuracy", 3, "standard_scaler")


def have_die(monkeypatch: pytest.MonkeyPatch, dies: Callable[[fits.Fit], bool]) -> None:
    """Have the process of some fits die. It is forked, and so sees what the test has replaced."""
    do = fits.do_fit

    def fatal(material: fits.Material, fit: fits.Fit) -> FitResult:
        if dies(fit):
            os.kill(os.getpid(), signal.SIGKILL)
        return do(material, fit)

    monkeypatch.setattr(fits, "do_fit", fatal)


def test_a_candidate_whose_process_dies_fails_alone_and_the_search_goes_on(
    wine: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = search_all(REQUEST, wine).found["SVC"]
    have_die(monkeypatch, lambda fit: fit.hyperparameters["C"] == 1 and fit.key.fold == 1)
    found = search_all(REQUEST, wine).found["SVC"]
    _, dead, _ = found.candidates
    assert np.isnan(dead.mean_score)
    assert dead.reason == "the process that fitted it died, perhaps for want of memory"
    assert np.isnan(dead.scores).tolist() == [False, True, False]
    for place in (0, 2):
        assert found.candidates[place].scores == undisturbed.candidates[place].scores


def test_a_process_that_is_killed_once_changes_nothing(
    wine: TrainingSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    undisturbed = search_all(REQUEST, wine).found["SVC"]

    def once(fit: fits.Fit) -> bool:
        seen = tmp_path / f"{fit.key.candidate} {fit.key.fold}"
        if fit.key.fold != 2 or seen.exists():
            return False
        seen.touch()
        return True

    have_die(monkeypatch, once)
    found = search_all(REQUEST, wine).found["SVC"]
    assert [each.scores for each in found.candidates] == [each.scores for each in undisturbed.candidates]
    assert found.metrics == undisturbed.metrics


def test_one_models_failure_does_not_take_the_others_along(wine: TrainingSet) -> None:
    asked = SearchRequest(
        ["LogisticRegression", "SVC"],
        {"LogisticRegression": {"solver": ["lbfgs"], "penalty": ["l1"]}, "SVC": {}},
        "accuracy",
        3,
        "standard_scaler",
    )
    outcome = search_all(asked, wine)
    assert set(outcome.found) == {"SVC"}
    (error,) = outcome.errors.values()
    assert isinstance(error, HyperparametersRefusedError)
    assert "LogisticRegression refuses the hyperparameters penalty='l1', solver='lbfgs'" in error.error
    with pytest.raises(HyperparametersRefusedError):
        search_all(replace(asked, models=["LogisticRegression"]), wine)


def test_a_scoring_that_no_candidate_can_be_scored_by_is_named(wine: TrainingSet) -> None:
    with pytest.raises(ScoringRefusedError, match="'neg_log_loss' cannot score SVC"):
        search_all(replace(REQUEST, scoring="neg_log_loss"), wine)


def test_infinite_predictions_fail_their_model_and_not_the_search(fires: TrainingSet) -> None:
    target = np.asarray(fires.target, dtype=np.float64) * 1e305
    asked = SearchRequest(["LinearRegression"], {"LinearRegression": {}}, "r2", 2, "none")
    with pytest.raises((ScoringRefusedError, HyperparametersRefusedError)) as refused:
        search_all(asked, replace(fires, target=target))
    assert refused.value.status == 400


def test_predictions_across_the_folds_are_those_of_scikit_learn(wine: TrainingSet) -> None:
    asked = replace(REQUEST, models=["LogisticRegression"], grids={"LogisticRegression": {"C": [1]}})
    pipeline = build_pipeline("LogisticRegression", {"C": 1}, classes=3)
    found = search_all(asked, wine).found["LogisticRegression"]
    assert (found.predicted == cross_val_predict(pipeline, wine.features, wine.target, cv=3)).all()
    theirs = cross_val_predict(pipeline, wine.features, wine.target, cv=3, method="predict_proba")
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, theirs)
    assert found.classes is not None
    assert found.classes.tolist() == [0, 1, 2]


def test_a_model_without_probabilities_has_decisions(wine: TrainingSet, fires: TrainingSet) -> None:
    found = search_all(REQUEST, wine).found["SVC"].cross_validated
    assert found.probabilities is None
    assert found.decisions is not None
    assert found.decisions.shape == (106, 3)
    two = wine.target < 2
    pair = replace(wine, features=wine.features[two], target=wine.target[two])
    decisions = search_all(REQUEST, pair).found["SVC"].cross_validated.decisions
    assert decisions is not None
    assert (decisions[:, 0] == -decisions[:, 1]).all()
    of_numbers = SearchRequest(["Ridge"], {"Ridge": {}}, "r2", 3, "standard_scaler")
    numbers = search_all(of_numbers, fires).found["Ridge"].cross_validated
    assert (numbers.classes, numbers.probabilities, numbers.decisions) == (None, None, None)


def test_each_fit_is_kept_once_and_progress_goes_up(wine: TrainingSet) -> None:
    kept = FitsInMemory()
    outcome = search_all(REQUEST, wine, fits=kept)
    assert sorted(kept.added, key=str) == [
        FitKey("SVC", number, fold) for number in range(3) for fold in range(3)
    ]
    shares = [share for share, _ in outcome.told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] < 1
    assert all(what.startswith("SVC: ") and what.endswith(" of 9 fits") for _, what in outcome.told)


class Away(FitsInMemory):
    """Somewhere that is away for the first few times, or for good."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def add(self, results: Sequence[tuple[FitKey, FitResult]]) -> None:
        if self.times:
            self.times -= 1
            raise UnavailableError("away", "wait")
        super().add(results)


def test_fits_are_kept_once_postgresql_is_back(wine: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_fits, "AGAIN_S", 0.05)
    back = Away(3)
    search_all(REQUEST, wine, fits=back)
    assert len(back.added) == 9
    monkeypatch.setattr(kept_fits, "AWAY_S", 0.2)
    with pytest.raises(UnavailableError):
        search_all(REQUEST, wine, fits=Away(1000))
