"""The two sets that a verdict is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TARGET = "target"
PREDICTION = "prediction"


@dataclass(frozen=True)
class JudgedSets:
    """Samples of testing and production with one deployment's predictions.

    deployment_id: of the model that predicted.
    reference, current: frames with the feature columns (doubles, NaN where missing), `target` (NaN where the
    truth is not known) and `prediction` (whole numbers where they are classes).
    features: names of the feature columns. classifies: whether targets are classes rather than numbers.
    categories: of the features that are categories, the names that the positions in the frames stand for; the
    position after the last stands for every name that is not listed.
    unlisted: by feature, names in current that are not listed, the most frequent first; perhaps not all.
    """

    deployment_id: int
    reference: "pd.DataFrame"
    current: "pd.DataFrame"
    features: tuple[str, ...]
    classifies: bool
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unlisted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
