"""Which pictures a search gets: what there is to show of it, and what would not be readable."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fleet.settings import SEED
from tracking.persistence.model.search import SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.search_log import Drawn
from tracking.service import pictures
from tracking.service.importances import LEARNED_ROWS, permutation_importances
from tracking.utils.quiet import no_warnings

log = logging.getLogger(__name__)

MOST_CLASSES = 20  # lines that can be told apart
LARGEST_MATRIX = 100  # classes, whose cells are a few dots wide
MOST_VALUES = 40  # of a hyperparameter, in a heat map
CURVE_ROWS = 100_000  # of a curve over probabilities; more would change no dot of it
CANDIDATES, IMPORTANCES = "candidates", "importances"

Sketch = Callable[[], Figure]


def draw(search: SavedSearch, request: SearchRequest, training: TrainingSet) -> Drawn:
    """Every picture that fits the search, as a PNG file by name; what cannot be drawn is told, and logged."""
    sketches, left_out = _of_task(search, training)
    sketches[CANDIDATES] = lambda: _candidates(search, request.scoring)
    sketches[IMPORTANCES] = lambda: _importances(search, request, training)
    if not _varied(search):
        left_out[CANDIDATES] = "there is nothing to compare"
        del sketches[CANDIDATES]
    files: dict[str, bytes] = {}
    with no_warnings():
        for name, sketch in sketches.items():
            try:
                files[name] = pictures.png(sketch())
            except Exception as error:
                log.exception("The picture '%s' of %s could not be drawn", name, search.model_name)
                left_out[name] = f"it could not be drawn ({type(error).__name__})"
    return Drawn(files, left_out)


def _of_task(search: SavedSearch, training: TrainingSet) -> tuple[dict[str, Sketch], dict[str, str]]:
    actual, predicted = training.target, search.predicted
    if not training.classifies:
        numbers = actual.astype(np.float64), predicted.astype(np.float64)
        return {
            "predicted_against_true": lambda: pictures.predicted_against_true(*numbers),
            "residuals": lambda: pictures.residuals(*numbers),
        }, {}
    classes = np.unique(actual).tolist() if search.classes is None else list(search.classes)
    sketches: dict[str, Sketch] = {}
    left_out: dict[str, str] = {}
    if len(classes) <= LARGEST_MATRIX:
        sketches["confusion_matrix"] = lambda: pictures.confusion_matrix(actual, predicted, classes)
    else:
        left_out["confusion_matrix"] = f"{len(classes)} classes are more than {LARGEST_MATRIX}"
    probabilities = search.probabilities
    if probabilities is None:
        left_out |= dict.fromkeys(("roc", "calibration"), "the model gives no probabilities")
    elif len(classes) > MOST_CLASSES:
        too_many = f"{len(classes)} classes are more than {MOST_CLASSES}"
        left_out |= dict.fromkeys(("roc", "calibration"), too_many)
    else:
        rows = _some(len(actual), CURVE_ROWS)
        sketches["roc"] = lambda: pictures.roc(actual[rows], probabilities[rows], classes)
        sketches["calibration"] = lambda: pictures.calibration(actual[rows], probabilities[rows], classes)
    return sketches, left_out


def _some(rows: int, most: int) -> Any:
    """All of them, or as many as that, chosen by chance."""
    if rows <= most:
        return slice(None)
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def _candidates(search: SavedSearch, scoring: str) -> Figure:
    """A heat map of two hyperparameters whose values are few; of all else parallel coordinates."""
    varied = _varied(search)
    scores = np.array([each.mean_score for each in search.candidates])
    columns = {name: [each.hyperparameters.get(name) for each in search.candidates] for name in varied}
    if len(varied) == 2:
        (down, rows), (across, places) = ((name, _distinct(columns[name])) for name in varied)
        if max(len(rows), len(places)) <= MOST_VALUES and _fills(len(scores), rows, places):
            grid = np.full((len(rows), len(places)), np.nan)
            for number, score in enumerate(scores):
                spot = rows.index(repr(columns[down][number])), places.index(repr(columns[across][number]))
                grid[spot] = np.fmax(grid[spot], score)
            return pictures.heat_map(grid, (down, rows), (across, places), scoring)
    return pictures.parallel_coordinates(columns, scores, scoring)


def _varied(search: SavedSearch) -> list[str]:
    """Hyperparameters with more than one value, if two candidates or more have a score."""
    scored = [each.hyperparameters for each in search.candidates if np.isfinite(each.mean_score)]
    names = dict.fromkeys(name for params in scored for name in params)
    return [name for name in names if len({repr(params.get(name)) for params in scored}) > 1]


def _distinct(values: Sequence[Any]) -> list[str]:
    """As texts; numbers in ascending order, all else as it comes."""
    distinct = {repr(value): value for value in values}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct.values()):
        return sorted(distinct, key=lambda text: float(distinct[text]))
    return list(distinct)


def _fills(candidates: int, rows: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether most cells would have a score, as in a grid."""
    return candidates >= len(rows) * len(columns) / 2


def _importances(search: SavedSearch, request: SearchRequest, training: TrainingSet) -> Figure:
    found = permutation_importances(search.folder, request.scoring, training)
    return pictures.importances(found, request.scoring, min(len(training.target), LEARNED_ROWS))
