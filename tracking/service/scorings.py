"""What a grid can be scored by."""

from collections.abc import Mapping

from sklearn.metrics import get_scorer_names

from fleet.catalogue import Task

DEFAULT_SCORING: Mapping[Task, str] = {
    "classification": "accuracy",
    "regression": "neg_mean_absolute_error",
}
# scikit-learn has one list of names for both tasks, and does not say which of them are for numbers.
OF_NUMBERS = (
    "d2_absolute_error_score",
    "explained_variance",
    "neg_max_error",
    "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance",
    "neg_mean_poisson_deviance",
    "neg_mean_squared_error",
    "neg_mean_squared_log_error",
    "neg_median_absolute_error",
    "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error",
    "r2",
)


def scorings_for(task: Task) -> list[str]:
    """Names of the scorings that make sense for a task."""
    known = sorted(get_scorer_names())
    return [name for name in known if name in OF_NUMBERS] if task == "regression" else known
