"""Wine's testing and production sets with a model's predictions, as monitoring reads them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from fleet.catalogue import build_pipeline
from fleet.settings import SEED

with warnings.catch_warnings():
    # Evidently 0.7.23 reads numpy.core, and its UI uses a deprecated part of litestar.
    warnings.simplefilter("ignore", DeprecationWarning)
    import evidently  # noqa: F401

from monitoring.service.comparison import Comparison

OFFSET = np.random.RandomState(SEED).normal(0, 0.3)


class WineSets:
    """Training, testing and production as API.md splits them, and a model that predicts on them."""

    def __init__(self) -> None:
        features, target = load_wine(return_X_y=True, as_frame=True)
        features.columns = features.columns.str.replace("/", "__")
        self.features = tuple(features.columns)
        split = {"random_state": SEED}
        self.training, rest, labels, rest_labels = train_test_split(
            features, target, train_size=0.6, stratify=target, **split
        )
        testing, production, testing_labels, production_labels = train_test_split(
            rest, rest_labels, train_size=0.5, stratify=rest_labels, **split
        )
        self.model = build_pipeline("LogisticRegression", {}, classes=3).fit(self.training.to_numpy(), labels)
        self.testing = self._scored(testing, testing_labels)
        self._production, self._production_labels = production, production_labels

    def production(self, fouling: str = "reference") -> pd.DataFrame:
        rows = self._production.copy()
        random = np.random.RandomState(SEED)
        if fouling == "reference":
            rows += OFFSET
            for column in rows:
                rows.loc[random.choice(rows.index), column] = np.nan
        elif fouling == "heavy":
            rows += 2 * self.training.std() * random.choice([-1, 1], size=len(self.features))
            rows = rows.mask(random.random_sample(rows.shape) < 0.2)
        return self._scored(rows, self._production_labels)

    def compare(self, fouling: str = "reference") -> Comparison:
        return Comparison(self.testing, self.production(fouling), self.features)

    def _scored(self, rows: pd.DataFrame, labels: "pd.Series[int]") -> pd.DataFrame:
        scored = rows.assign(target=labels, prediction=self.model.predict(rows.to_numpy()))
        return scored.reset_index(drop=True)


@pytest.fixture(scope="session")
def wine() -> WineSets:
    return WineSets()
