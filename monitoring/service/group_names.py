"""Names of the groups of checks, apart from the groups themselves: importing those imports Evidently."""

from collections.abc import Sequence

GROUP_NAMES = (
    "data_drift",
    "data_quality",
    "data_stability",
    "no_target_performance",
    "multi_class_classification",
)
CLASSIFICATION_ONLY = frozenset({"multi_class_classification"})


def fitting_groups(*, classifies: bool) -> Sequence[str]:
    """The groups that make sense for a use case's task."""
    return [name for name in GROUP_NAMES if classifies or name not in CLASSIFICATION_ONLY]
