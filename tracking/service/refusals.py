"""Why an optimisation is refused."""

from collections.abc import Mapping
from typing import Any

from fleet.catalogue import Task
from fleet.errors import ConflictError, InvalidRequestError
from tracking.service.scorings import scorings_for

LONGEST_HYPERPARAMETERS = 5000  # as JSON; MLflow would cut a longer value
LONGEST_NAME = 100
MANY = 10**9


def _told(number: int) -> str:
    return str(number) if number < MANY else "more than a billion"


class GridMissingError(InvalidRequestError):
    """A model is to be searched without a grid."""

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"Missing parameter: 'hyperparameters' has no grid for {model_name}",
            f'Give its values to try, or {{}} for the defaults: {{"{model_name}": {{}}}}',
        )


class GridHasNoBudgetError(InvalidRequestError):
    """A grid search has no budget: it ends with its grid."""

    def __init__(self) -> None:
        super().__init__(
            "'budget' is of no use to a grid search",
            "Leave it out, or say 'method': 'random', 'halving' or 'optuna'",
        )


class EmptyGridListError(InvalidRequestError):
    """A hyperparameter has no value to try."""

    def __init__(self, model_name: str, name: str) -> None:
        super().__init__(
            f"'hyperparameters.{model_name}.{name}' is an empty list",
            "Give at least one value, or leave it out",
        )


class TooManyCombinationsError(InvalidRequestError):
    """A grid has more combinations than tracking takes."""

    def __init__(self, model_name: str, size: int, largest: int) -> None:
        super().__init__(
            f"'hyperparameters.{model_name}' has {_told(size)} combinations",
            f"Use at most {largest} (TRACKING_MAX_COMBINATIONS): give fewer values",
        )


class TooManyValuesError(InvalidRequestError):
    """The lists of a model are longer than tracking takes, however few of their combinations are tried."""

    def __init__(self, model_name: str, count: int, largest: int) -> None:
        super().__init__(
            f"'hyperparameters.{model_name}' lists {count} values",
            f"List at most {largest} (TRACKING_MAX_COMBINATIONS)",
        )


class TooManyFitsError(InvalidRequestError):
    """All grids together, each combination once for each fold, are more than tracking takes."""

    def __init__(self, fits: int, largest: int) -> None:
        super().__init__(
            f"'hyperparameters' and 'cv' ask for {_told(fits)} fits",
            f"Ask for at most {largest} (TRACKING_MAX_FITS): give fewer values, models or folds",
        )


class IncludedModelError(InvalidRequestError):
    """A setting is to be included of a model that is not searched."""

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"'include' names {model_name[:LONGEST_NAME]}, which is none of 'models'",
            "Add it to 'models', or leave it out of 'include'",
        )


class ValueTooDeepError(InvalidRequestError):
    """A value is nested more deeply than any hyperparameter is. field: of the request."""

    def __init__(self, model_name: str, name: str, deepest: int, field: str) -> None:
        super().__init__(
            f"'{field}.{model_name}.{name}' has a value that is nested too deeply",
            f"Nest lists and objects at most {deepest} deep",
        )


class GridTooLargeError(InvalidRequestError):
    """A grid has longer values than MLflow keeps whole. field: of the request."""

    def __init__(self, model_name: str, field: str) -> None:
        super().__init__(
            f"'{field}.{model_name}' has values that are too long",
            f"One combination may take {LONGEST_HYPERPARAMETERS} characters of JSON",
        )


class UnknownScoringError(InvalidRequestError):
    """scikit-learn has no such scoring, or it is for the other task."""

    def __init__(self, scoring: str, task: Task) -> None:
        super().__init__(
            f"'scoring': there is no scoring '{scoring}' for a {task}",
            f"Use one of: {', '.join(scorings_for(task))}",
        )


class ScoringRefusedError(InvalidRequestError):
    """The scoring exists, but not for this model and these targets."""

    def __init__(self, scoring: str, model_name: str, reason: str, task: Task) -> None:
        others = (
            "'accuracy' or 'f1_weighted'" if task == "classification" else "'neg_mean_absolute_error' or 'r2'"
        )
        super().__init__(
            f"'scoring': '{scoring}' cannot score {model_name} on this training set: {reason}",
            f"Use another scoring, such as {others}",
        )


class SearchFailedError(InvalidRequestError):
    """The best combination was found on the folds, but its model could not be fitted on every row."""

    def __init__(self, model_name: str, scoring: str, cv: int, reason: str) -> None:
        super().__init__(
            f"The search of {model_name}, scored by '{scoring}' on {cv} folds, failed: {reason}",
            "Change 'hyperparameters', 'scoring' or 'cv'",
        )


class FoldsError(InvalidRequestError):
    """`cv` is not a number of folds that the training set can be divided into."""

    def __init__(self, cv: int, largest: int, why: str) -> None:
        super().__init__(
            f"'cv': {cv} folds are not possible on this training set",
            f"Use a number from 2 to {largest}, {why}",
        )


class TooFewRowsError(ConflictError):
    """The training set is too small to search on."""

    def __init__(self) -> None:
        super().__init__(
            "The training set needs at least two classes, with two rows of each",
            "Load more rows into the training set",
        )


class TooFewNumbersError(ConflictError):
    """The training set of a regression is too small to search on."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The training set needs at least {rows} rows", "Load more rows into the training set"
        )


class HyperparametersRefusedError(InvalidRequestError):
    """The estimator does not accept this value, or none of the combinations, of which this is the first.

    field: of the request.
    """

    def __init__(
        self, model_name: str, hyperparameters: Mapping[str, Any], reason: str, field: str = "hyperparameters"
    ) -> None:
        given = ", ".join(f"{name}={value!r}"[:200] for name, value in hyperparameters.items())
        super().__init__(
            f"{model_name} refuses the hyperparameters {given}: {reason}",
            f"Change '{field}.{model_name}' to values that go together",
        )
