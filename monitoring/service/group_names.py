"""Names of the groups of checks, apart from the groups themselves: importing those imports Evidently."""

from collections.abc import Sequence

GROUP_NAMES = (
    "data_drift",
    "data_quality",
    "data_stability",
    "no_target_performance",
    "multi_class_classification",
    "regression",
)
CLASSIFICATION_ONLY = frozenset({"multi_class_classification"})
REGRESSION_ONLY = frozenset({"regression"})
NEED_TRUTH = CLASSIFICATION_ONLY | REGRESSION_ONLY
LOOK_AT_TARGET = frozenset({"data_drift", "data_quality", "data_stability"})


def fitting_groups(*, classifies: bool) -> Sequence[str]:
    """The groups that make sense for a use case's task."""
    unfit = REGRESSION_ONLY if classifies else CLASSIFICATION_ONLY
    return [name for name in GROUP_NAMES if name not in unfit]
