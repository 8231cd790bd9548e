"""Pictures of an evaluation, as PNG files."""

import io

from matplotlib.figure import Figure

from fire_brigade.persistence.model.trained_model import Floats

SIZE_INCHES, DPI = (7, 5), 100
MOST_POINTS = 20_000  # more only paint the same dots over and over


def residual_picture(true: Floats, predicted: Floats) -> bytes:
    """How often a prediction is off by how much; both in seconds."""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.hist(true - predicted, bins=60, color="tab:blue")
    axes.axvline(0, color="black", linewidth=1)
    axes.set(xlabel="true - predicted attendance time, s", ylabel="calls", title="Residuals")
    return _png(figure)


def fit_picture(true: Floats, predicted: Floats) -> bytes:
    """Predicted against true attendance times; both in seconds."""
    step = max(1, len(true) // MOST_POINTS)
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(true[::step], predicted[::step], s=4, alpha=0.3, linewidths=0)
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    axes.plot(ends, ends, color="black", linewidth=1)
    axes.set(xlabel="true attendance time, s", ylabel="predicted, s", title="Predicted against true")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)  # without pyplot, whose state threads would share
    return buffer.getvalue()
