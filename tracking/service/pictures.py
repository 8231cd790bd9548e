"""Pictures of a search, each made of plain arrays, as figures of matplotlib's that no other thread shares.

Colours are viridis and Okabe and Ito's, which colour-blind people can tell apart too.
"""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import auc, roc_curve
from sklearn.metrics import confusion_matrix as count_pairs

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
STYLES = ("-", "--", ":")  # so that as many lines as colours times styles differ
SCORES = "viridis"
GREY = "#777777"
PAPER = {
    "facecolor": "white",
    "edgecolor": "none",
    "alpha": 0.8,
    "pad": 0.8,
}  # behind what is written on lines
DPI = 100
LARGEST_FILE, FEWER_COLOURS = 120_000, 64
MOST_POINTS = 5_000  # of a scatter; more are counted in hexagons
MOST_NUMBERS = 20  # classes whose cells have room for a number
MOST_STROKES = 400  # of candidates, each from one hyperparameter to the next
MOST_BARS = 30
BINS = 10


def png(figure: Figure) -> bytes:
    """The figure as a file; with fewer colours where that is needed to keep it small."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
    whole = _written(image)
    return whole if len(whole) <= LARGEST_FILE else _written(image.quantize(FEWER_COLOURS))


def heat_map(
    grid: Floats, rows: tuple[str, Sequence[Any]], columns: tuple[str, Sequence[Any]], scoring: str
) -> Figure:
    """Mean scores over two hyperparameters. grid: (rows, columns), NaN where nothing was scored.

    rows, columns: name and values of each.
    """
    figure, axes = _new(
        f"Mean score of each candidate ({scoring})", 2 + 0.55 * len(columns[1]), 2 + 0.4 * len(rows[1])
    )
    image = axes.imshow(np.ma.masked_invalid(grid), cmap=SCORES, aspect="auto")
    axes.set_facecolor("#dddddd")
    axes.set(xlabel=columns[0], ylabel=rows[0])
    axes.set_xticks(range(len(columns[1])), [_short(value) for value in columns[1]], rotation=45, ha="right")
    axes.set_yticks(range(len(rows[1])), [_short(value) for value in rows[1]])
    if grid.size <= MOST_NUMBERS**2 / 2:
        _write_cells(axes, image, grid, "{:.3g}")
    figure.colorbar(image, ax=axes, label=f"mean score ({scoring}), higher is better")
    return figure


def parallel_coordinates(values: Mapping[str, Sequence[Any]], scores: Floats, scoring: str) -> Figure:
    """A line a candidate over its hyperparameters, coloured by its mean score; the best is drawn last.

    values: of each candidate, by hyperparameter. scores: (candidates,), NaN where there is none.
    """
    scored = np.flatnonzero(np.isfinite(scores))
    order = scored[np.argsort(scores[scored], kind="stable")]
    most = MOST_STROKES // len(values)
    if len(order) > most:  # the best, the worst, and what lies between at even steps
        order = order[np.linspace(0, len(order) - 1, most).astype(int)]
    shown = f"{len(order)} of {len(scores)} candidates" if len(order) < len(scores) else "Candidates"
    figure, axes = _new(f"{shown} by mean score ({scoring}), the best in orange", 3 + 1.6 * len(values), 5)
    heights, ticks = [], []
    for column in [*values.values(), scores.tolist()]:
        height, marks = _axis([column[number] for number in order])
        heights.append(height)
        ticks.append(marks)
    places = np.arange(len(heights))
    points = np.stack([np.broadcast_to(places, (len(order), len(places))), np.column_stack(heights)], axis=2)
    lines = LineCollection(list(points), array=scores[order], cmap=SCORES, linewidths=1)
    axes.add_collection(lines)
    axes.plot(*points[-1].T, color="#D55E00", linewidth=2.5)
    for place, marks in enumerate(ticks):
        axes.axvline(place, color=GREY, linewidth=0.8)
        for mark, text in marks:
            axes.text(place + 0.03, mark, text, va="center", fontsize=7, bbox=PAPER)
    axes.set_xticks(places, [*values, f"mean score\n({scoring})"])
    axes.set_yticks([])
    axes.set(xlabel="hyperparameter", xlim=(-0.1, len(heights) - 0.6))
    figure.colorbar(lines, ax=axes, label=f"mean score ({scoring}), higher is better")
    return figure


def confusion_matrix(actual: Labels, predicted: Labels, classes: Sequence[Any]) -> Figure:
    """Counts of rows by true and predicted class; coloured by the share of the true class."""
    counts = count_pairs(actual, predicted, labels=list(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(2.5 + 0.5 * len(classes), 9)
    figure, axes = _new("Confusion matrix, cross-validated", side + 1.2, side)
    image = axes.imshow(shares, cmap=SCORES, vmin=0, vmax=1)
    axes.set(xlabel="predicted class", ylabel="true class")
    step = math.ceil(len(classes) / MOST_NUMBERS)
    named = range(0, len(classes), step)
    axes.set_xticks(named, [_short(classes[number]) for number in named], rotation=45, ha="right")
    axes.set_yticks(named, [_short(classes[number]) for number in named])
    if len(classes) <= MOST_NUMBERS:
        _write_cells(axes, image, counts, "{:.0f}")
    figure.colorbar(image, ax=axes, label="share of the true class")
    return figure


def roc(actual: Labels, probabilities: Floats, classes: Sequence[Any]) -> Figure:
    """One class against the rest. probabilities: (rows, classes)."""
    figure, axes = _new("ROC, one class against the rest, cross-validated", 6.5, 5.5)
    for number, label in enumerate(classes):
        false, true, _ = roc_curve(actual == label, probabilities[:, number])
        axes.plot(false, true, **_line(number), label=f"{_short(label)} (area {auc(false, true):.3f})")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="by chance")
    axes.set(xlabel="false positives, share of the rest", ylabel="true positives, share of the class")
    _legend(axes, "class", len(classes))
    return figure


def calibration(actual: Labels, probabilities: Floats, classes: Sequence[Any]) -> Figure:
    """How often a class is right where it is given a probability. probabilities: (rows, classes)."""
    figure, axes = _new("Calibration, one class against the rest, cross-validated", 6.5, 5.5)
    for number, label in enumerate(classes):
        given = probabilities[:, number]
        bins = np.minimum((given * BINS).astype(int), BINS - 1)
        rows = np.bincount(bins, minlength=BINS)
        filled = rows > 0
        mean = np.bincount(bins, given, BINS)[filled] / rows[filled]
        share = np.bincount(bins, actual == label, BINS)[filled] / rows[filled]
        axes.plot(mean, share, marker="o", markersize=4, **_line(number), label=_short(label))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="as it should be")
    axes.set(
        xlabel=f"predicted probability, mean of each of {BINS} bins", ylabel="share that is of the class"
    )
    _legend(axes, "class", len(classes))
    return figure


def predicted_against_true(actual: Floats, predicted: Floats) -> Figure:
    """The line is where both are equal."""
    figure, axes = _new("Predicted against true, cross-validated", 6.5, 5.5)
    _cloud(figure, axes, actual, predicted)
    ends = [float(min(actual.min(), predicted.min())), float(max(actual.max(), predicted.max()))]
    axes.plot(ends, ends, color="#D55E00", linewidth=1.5, label="predicted = true")
    axes.set(xlabel="true value, in the target's unit", ylabel="predicted value, in the target's unit")
    axes.legend(fontsize=8)
    return figure


def residuals(actual: Floats, predicted: Floats) -> Figure:
    """What predictions are off by, over what was predicted."""
    figure, axes = _new("Residuals, cross-validated", 6.5, 5.5)
    _cloud(figure, axes, predicted, actual - predicted)
    axes.axhline(0, color="#D55E00", linewidth=1.5)
    axes.set(xlabel="predicted value, in the target's unit", ylabel="true minus predicted value, same unit")
    return figure


def importances(found: Mapping[str, tuple[float, float]], scoring: str, rows: int) -> Figure:
    """What shuffling a feature costs in score: mean and deviation by feature; the largest MOST_BARS.

    rows: of the training set that it was tried on.
    """
    chosen = sorted(found, key=lambda name: found[name][0])[-MOST_BARS:]
    left_out = f", {len(chosen)} of {len(found)} features" if len(chosen) < len(found) else ""
    figure, axes = _new(f"Permutation importances{left_out}", 7.5, 1.8 + 0.28 * len(chosen))
    means, deviations = zip(*(found[name] for name in chosen), strict=True)
    axes.barh(range(len(chosen)), means, xerr=deviations, color=COLOURS[0], ecolor=GREY)
    axes.set_yticks(range(len(chosen)), [_short(name) for name in chosen])
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set(
        xlabel=f"loss of score ({scoring}) when the feature is shuffled,\n"
        f"mean and deviation, on {rows} training rows",
        ylabel="feature",
    )
    return figure


def _written(image: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, format="PNG", optimize=True)
    return written.getvalue()


def _new(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    """width, height: in inches."""
    size = (min(max(width, 5), 12), min(max(height, 3.5), 11))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11)
    return figure, axes


def _write_cells(axes: Axes, image: Any, values: npt.NDArray[Any], form: str) -> None:
    """Each in black or white, whichever its colour leaves readable."""
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = image.cmap(image.norm(image.get_array()[row, column]))
            is_light = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
            text = form.format(value)
            axes.text(column, row, text, ha="center", va="center", color="k" if is_light else "w", fontsize=8)


def _axis(column: Sequence[Any]) -> tuple[Floats, list[tuple[float, str]]]:
    """Heights from 0 to 1 of a hyperparameter's values, and what is written where."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in column):
        numbers = np.array(column, dtype=np.float64)
        low, high = float(numbers.min()), float(numbers.max())
        if _is_spread_by_factors(numbers):
            heights, texts = _between(np.log10(numbers)), np.geomspace(low, high, 5)
        else:
            heights, texts = _between(numbers), np.linspace(low, high, 5)
        if low == high:
            return heights, [(0.5, f"{low:.3g}")]
        return heights, [
            (place, f"{text:.3g}") for place, text in zip(np.linspace(0, 1, 5), texts, strict=True)
        ]
    names = list(dict.fromkeys(map(_short, sorted(column, key=_order))))
    places = np.linspace(0, 1, len(names)) if len(names) > 1 else np.array([0.5])
    by_name = dict(zip(names, places.tolist(), strict=True))
    shown = list(by_name)[:: math.ceil(len(names) / MOST_NUMBERS)]
    return np.array([by_name[_short(value)] for value in column]), [(by_name[name], name) for name in shown]


def _is_spread_by_factors(numbers: Floats) -> bool:
    """As C is searched over: their middle is nearer to the geometric mean of the ends than to the other."""
    low, high, middle = float(numbers.min()), float(numbers.max()), float(np.median(numbers))
    if low <= 0 or high < 100 * low:
        return False
    return abs(math.log(middle / math.sqrt(low * high))) < abs(math.log(middle / ((low + high) / 2)))


def _order(value: Any) -> tuple[int, float, str]:
    """Nothing first, then numbers, then texts."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    kind = 0 if value is None else 1 if is_number else 2
    return kind, float(value) if is_number else 0.0, str(value)


def _between(numbers: Floats) -> Floats:
    low, high = numbers.min(), numbers.max()
    return np.full(len(numbers), 0.5) if low == high else (numbers - low) / (high - low)


def _cloud(figure: Figure, axes: Axes, across: Floats, up: Floats) -> None:
    if len(across) <= MOST_POINTS:
        axes.scatter(across, up, s=14, alpha=0.5, color=COLOURS[0], linewidths=0)
        return
    counted = axes.hexbin(across, up, gridsize=60, bins="log", cmap=SCORES, mincnt=1)
    figure.colorbar(counted, ax=axes, label="rows")


def _line(number: int) -> dict[str, Any]:
    style = STYLES[number // len(COLOURS) % len(STYLES)]
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": style, "linewidth": 1.5}


def _legend(axes: Axes, title: str, lines: int) -> None:
    axes.legend(title=title, fontsize=8 if lines <= 8 else 6, ncols=1 if lines <= 10 else 2)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}…{text[-11:]}"
