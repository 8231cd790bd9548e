"""Which checks make up which group. Adding a group is one entry in `GROUPS`."""

from collections.abc import Callable, Mapping

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.check import Check
from monitoring.service.checks import (
    drift,
    duplicates,
    performance,
    quality,
    regression_performance,
    stability,
)
from monitoring.service.comparison import Comparison

GroupOfChecks = Callable[[Comparison], list[Check]]


def data_drift(comparison: Comparison) -> list[Check]:
    """Whether the data comes from elsewhere than the reference did."""
    return [
        drift.moved_columns(comparison, comparison.columns),
        drift.share_of_drifted_columns(comparison, comparison.columns),
        *(drift.column_drift(comparison, column) for column in comparison.columns),
    ]


def data_quality(comparison: Comparison) -> list[Check]:
    """Whether values are missing or repeat."""
    columns = comparison.columns
    return [
        *(quality.missing_share(comparison, column, len(columns)) for column in columns),
        *(quality.most_common_value_share(comparison, column, len(columns)) for column in columns),
        quality.constant_columns(comparison),
        duplicates.duplicated_columns(comparison),
        duplicates.duplicated_rows(comparison),
    ]


def data_stability(comparison: Comparison) -> list[Check]:
    """Whether amount, columns, values and means are where they were."""
    return [
        stability.row_count(comparison),
        stability.column_count(comparison),
        stability.column_types(comparison),
        *stability.values_in_range_or_list(comparison, comparison.columns),
        *(stability.mean_within_two_standard_deviations(comparison, name) for name in comparison.numbers),
    ]


def no_target_performance(comparison: Comparison) -> list[Check]:
    """What can be said about the model while the truth is not known: nothing here looks at the target."""
    columns = comparison.columns_without_target
    return [
        drift.moved_columns(comparison, columns),
        drift.column_drift(comparison, PREDICTION),
        drift.share_of_drifted_columns(comparison, columns),
        stability.column_types(comparison),
        *(quality.missing_share(comparison, column, len(columns)) for column in columns),
        *stability.values_in_range_or_list(comparison, columns),
        *(stability.mean_within_two_standard_deviations(comparison, name) for name in comparison.numbers),
    ]


def multi_class_classification(comparison: Comparison) -> list[Check]:
    """Whether the model still predicts as well as on the reference."""
    return [
        *performance.classification_scores(comparison),
        stability.labelled_row_count(comparison),
        drift.moved_columns(comparison, (TARGET,)),
        drift.column_drift(comparison, TARGET),
    ]


def regression(comparison: Comparison) -> list[Check]:
    """Whether the model's numbers are still as near as on the reference."""
    return [
        *regression_performance.regression_scores(comparison),
        stability.labelled_row_count(comparison),
        drift.moved_columns(comparison, (TARGET,)),
        drift.column_drift(comparison, TARGET),
    ]


GROUPS: Mapping[str, GroupOfChecks] = {
    "data_drift": data_drift,
    "data_quality": data_quality,
    "data_stability": data_stability,
    "no_target_performance": no_target_performance,
    "multi_class_classification": multi_class_classification,
    "regression": regression,
}
