"""Pictures of searches: which there are, and that a reader can read them."""

import io
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.searches import searches_in
from tracking.persistence.model.search import CrossValidated, SavedSearch, SearchRequest, TrainingSet
from tracking.service import drawing, pictures
from tracking.service.drawing import draw
from tracking.service.importances import permutation_importances

LARGEST = 150_000  # bytes
Axes = Any


def texts(axes: Axes) -> list[str]:
    """What is written on it, beside title and labels."""
    return [text.get_text() for text in axes.texts]


def check_readable(figure: Any) -> None:
    """It has a title and names its axes, and its file is small."""
    axes = figure.axes[0]
    assert axes.get_title()
    assert axes.get_xlabel()
    content = pictures.png(figure)
    assert len(content) <= LARGEST
    width, height = Image.open(io.BytesIO(content)).size
    assert 300 <= min(width, height) <= max(width, height) <= 1300


def request(model_name: str, grid: dict[str, list[Any]], scoring: str = "accuracy") -> SearchRequest:
    return SearchRequest([model_name], {model_name: grid}, scoring, 2, "standard_scaler")


@pytest.fixture(scope="module")
def svc(wine: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> SavedSearch:
    """A search over two hyperparameters, with probabilities that somebody else has computed."""
    asked = request("SVC", {"C": [1, 0.1], "kernel": ["rbf", "linear"], "tol": [0.01]})
    (found,) = searches_in(tmp_path_factory.mktemp("svc"), asked, wine)
    probabilities = np.full((len(wine.target), 3), 0.1)
    probabilities[np.arange(len(wine.target)), wine.target] = 0.8
    return replace(found, cross_validated=replace(found.cross_validated, probabilities=probabilities))


def test_a_classification_has_its_pictures(svc: SavedSearch, wine: TrainingSet) -> None:
    drawn = draw(svc, request("SVC", {}), wine)
    names = {"candidates", "confusion_matrix", "roc", "calibration", "importances"}
    assert (set(drawn.pictures), drawn.left_out) == (names, {})
    for content in drawn.pictures.values():
        assert Image.open(io.BytesIO(content)).format == "PNG"
        assert len(content) <= LARGEST


def test_a_regression_has_its_pictures(fires: TrainingSet, tmp_path: Path) -> None:
    named = replace(fires, category_names=((), ("a", "b", "c")))
    asked = request("Ridge", {"alpha": [0.1, 1, 10]}, "neg_mean_absolute_error")
    (found,) = searches_in(tmp_path, asked, named)
    drawn = draw(found, asked, named)
    assert set(drawn.pictures) == {"candidates", "predicted_against_true", "residuals", "importances"}
    assert drawn.left_out == {}


def test_what_is_left_out_says_why(svc: SavedSearch, wine: TrainingSet) -> None:
    without = replace(svc.cross_validated, probabilities=None)
    bare = replace(svc, cross_validated=without, candidates=svc.candidates[:1])
    drawn = draw(bare, request("SVC", {}), wine)
    assert set(drawn.pictures) == {"confusion_matrix", "importances"}
    assert drawn.left_out["roc"] == drawn.left_out["calibration"] == "the model gives no probabilities"
    assert "nothing to compare" in drawn.left_out["candidates"]


def test_a_picture_that_cannot_be_drawn_leaves_the_others(
    svc: SavedSearch, wine: TrainingSet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pictures, "roc", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR):
        drawn = draw(svc, request("SVC", {}), wine)
    assert "calibration" in drawn.pictures
    assert drawn.left_out == {"roc": "it could not be drawn (ZeroDivisionError)"}
    assert "'roc' of SVC" in caplog.text


@pytest.mark.parametrize(("classes", "drawn"), [(21, ["confusion_matrix"]), (101, [])])
def test_many_classes_are_drawn_where_that_is_readable(
    classes: int, drawn: list[str], svc: SavedSearch, wine: TrainingSet
) -> None:
    target = np.arange(classes * 2) % classes
    many = replace(wine, features=np.zeros((classes * 2, 13)), target=target)
    shares = np.full((classes * 2, classes), 1 / classes)
    search = replace(svc, cross_validated=CrossValidated(target, np.arange(classes), shares))
    found = draw(search, request("SVC", {}), many)
    assert [name for name in found.pictures if name not in ("candidates", "importances")] == drawn
    assert f"{classes} classes are more than" in found.left_out["roc"]


def test_two_varied_hyperparameters_are_a_heat_map_with_numbers_in_order(svc: SavedSearch) -> None:
    axes = drawing._candidates(svc, "accuracy").axes[0]  # noqa: SLF001
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("kernel", "C")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.1", "1"]
    scores = {tuple(each.hyperparameters.values()): each.mean_score for each in svc.candidates}
    assert texts(axes)[0] == f"{scores[0.1, 'rbf', 0.01]:.3g}"
    assert texts(axes)[3] == f"{scores[1, 'linear', 0.01]:.3g}"


def test_more_of_them_are_parallel_coordinates_with_the_best_marked() -> None:
    random = np.random.default_rng(0)
    values = {
        "C": (10 ** random.uniform(-3, 3, 1000)).tolist(),
        "kernel": random.choice(["rbf", "linear"], 1000).tolist(),
        "max_depth": [None, 3, 1, 2] * 250,
        "even": random.uniform(0.001, 1, 1000).tolist(),
    }
    scores = random.uniform(0.5, 1, 1000)
    scores[0] = np.nan
    figure = pictures.parallel_coordinates(values, scores, "f1_weighted")
    check_readable(figure)
    axes = figure.axes[0]
    assert "100 of 1000 candidates" in axes.get_title()
    assert [label.get_text() for label in axes.get_xticklabels()][:4] == [*values]
    depths = [text.get_text() for text in axes.texts if text.get_position()[0] == pytest.approx(2.03)]
    assert depths == ["None", "1", "2", "3"]
    middle = [text.get_text() for text in axes.texts if text.get_position()[1] == 0.5]
    assert 0.1 < float(middle[0]) < 10  # C by factors
    assert 0.4 < float(middle[1]) < 0.6  # and what is spread evenly is not
    (best,) = [line for line in axes.lines if line.get_linewidth() == 2.5]
    assert np.asarray(best.get_ydata())[-1] == 1


@pytest.mark.parametrize("classes", [2, 3, 20, 100])
def test_a_confusion_matrix_is_readable(classes: int) -> None:
    actual = np.arange(1000) % classes
    predicted = np.where(np.arange(1000) % 7 == 0, (actual + 1) % classes, actual)
    figure = pictures.confusion_matrix(actual, predicted, range(classes))
    check_readable(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) <= 20
    assert len(texts(figure.axes[0])) == (classes**2 if classes <= 20 else 0)


@pytest.mark.parametrize("classes", [2, 20])
def test_curves_of_classes_differ_and_are_named(classes: int) -> None:
    random = np.random.default_rng(0)
    actual = random.integers(0, classes, 2000)
    probabilities = random.dirichlet(np.ones(classes), 2000)
    for figure in (
        pictures.roc(actual, probabilities, range(classes)),
        pictures.calibration(actual, probabilities, range(classes)),
    ):
        check_readable(figure)
        lines = figure.axes[0].lines[:classes]
        assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == classes
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert len(legend.get_texts()) == classes + 1


def test_calibration_is_the_share_of_the_class_in_each_bin() -> None:
    actual = np.array([1, 1, 0, 0, 1])
    first = np.array([0.05, 0.05, 0.95, 0.95, 0.92])
    figure = pictures.calibration(actual, np.column_stack([first, 1 - first]), [0, 1])
    x, y = figure.axes[0].lines[0].get_data()
    assert x == pytest.approx([0.05, 0.94])
    assert y == pytest.approx([0, 2 / 3])


@pytest.mark.parametrize("rows", [1, 200, 50_000])
def test_numbers_are_points_or_counted(rows: int) -> None:
    actual = np.random.default_rng(0).normal(300, 50, rows)
    for figure in (
        pictures.predicted_against_true(actual, actual + 1),
        pictures.residuals(actual, actual + 1),
    ):
        check_readable(figure)
        assert len(figure.axes) == (2 if rows > 5000 else 1)


def test_the_largest_importances_are_shown() -> None:
    found = {f"feature {number} with a name that is long": (number / 100, 0.01) for number in range(40)}
    figure = pictures.importances(found, "accuracy", 2000)
    check_readable(figure)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == 30
    assert labels[-1].startswith("feature 39")
    assert "30 of 40" in figure.axes[0].get_title()


def test_permutation_importances_find_the_feature_that_matters(fires: TrainingSet, tmp_path: Path) -> None:
    named = replace(fires, category_names=((), ("a", "b", "c")))
    asked = request("Ridge", {}, "r2")
    (found,) = searches_in(tmp_path, asked, named)
    importances = permutation_importances(found.folder, "r2", named)
    assert set(importances) == {"distance", "station"}
    assert importances["distance"][0] > importances["station"][0] > 0
