"""Divides the rows of a use case into training, testing and production."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from fleet.settings import SEED

TRAINING_SHARE = 0.6
Indexes = npt.NDArray[np.int64]


def split_rows(count: int, classes: Indexes | None) -> dict[str, Indexes]:
    """Row numbers of the three sets, 60 / 20 / 20 %, stratified by class where there are classes.

    classes: (count,), or None. The same rows always land in the same set.
    """
    rows = np.arange(count)
    training, rest = train_test_split(rows, train_size=TRAINING_SHARE, random_state=SEED, stratify=classes)
    rest_classes = classes[rest] if classes is not None else None
    testing, production = train_test_split(rest, train_size=0.5, random_state=SEED, stratify=rest_classes)
    return {"training": training, "testing": testing, "production": production}


def split_by_time(moments: npt.NDArray[Any]) -> dict[str, Indexes]:
    """Row numbers of the three sets, each from old to new: the oldest 60 % train, the newest are production.

    moments: (rows,), of anything that can be ordered. The sizes are those of `split_rows`.
    """
    by_age = np.argsort(moments, kind="stable")
    first = int(TRAINING_SHARE * len(by_age))
    second = first + (len(by_age) - first) // 2
    return {"training": by_age[:first], "testing": by_age[first:second], "production": by_age[second:]}
