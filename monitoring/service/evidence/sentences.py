"""Evidence in words that a person understands."""

from collections.abc import Sequence

from monitoring.service.evidence.drift import ColumnTest
from monitoring.service.evidence.estimate import Estimate
from monitoring.service.evidence.harm import Harm

MOST_NAMES = 3
EFFECTS = {"distance": "distance", "shares": "shares differ by", "missing": "missing share differs by"}
SOURCES = {
    "accuracy": ("accuracy", "how sure the model is"),
    "absolute error": ("the mean absolute error", "the errors of predictions nearby"),
}


def number(value: float) -> str:
    """A figure in two digits: 0.41, 3e-09."""
    return f"{value:.2g}"


def columns_moved(tests: Sequence[ColumnTest], p: float) -> str:
    """Which columns moved, how surely and how far. tests: at least one, the smallest p first."""
    names = list(dict.fromkeys(test.column for test in tests))
    if len(names) > MOST_NAMES:
        said = ", ".join(names[:MOST_NAMES]) + f" and {len(names) - MOST_NAMES} more"
    else:
        said = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    farthest = max(tests, key=lambda test: abs(test.effect))
    return f"{said} moved, p = {number(p)}, {EFFECTS[farthest.kind]} {number(abs(farthest.effect))}"


def higher_loss(harm: Harm) -> str:
    """That the loss is higher, or how high it is. harm: tested."""
    assert harm.mean is not None  # noqa: S101
    assert harm.reference_mean is not None  # noqa: S101
    assert harm.p is not None  # noqa: S101
    return (
        f"the mean loss is {number(harm.mean)} on {harm.rows} labelled rows, "
        f"{number(harm.reference_mean)} on the reference, p = {number(harm.p)}"
    )


def truth(harm: Harm, rows: int, predicted: int | None) -> str:
    """What is known of the model's quality in a window of so many rows. predicted: of them; None for all."""
    if harm.p is not None:
        return higher_loss(harm)
    if harm.lacks_truth:
        what = "labelled" if predicted in (None, rows) else "predicted by this deployment and labelled"
        return f"accuracy cannot be known yet, {harm.rows} of {rows} rows are {what}"
    return f"accuracy was not tested: the reference has {harm.reference_rows} losses that can be compared"


def estimated(estimate: Estimate) -> str:
    """How well the model is expected to do, and from what."""
    metric, source = SOURCES[estimate.metric]
    return (
        f"{metric} is estimated at {number(estimate.expected)} from {source}, "
        f"{number(estimate.reference)} on the reference"
    )
