"""A place to train, evaluate and predict in."""

from pathlib import Path

import pandas as pd
import pytest

from fire_brigade.persistence.model.trained_model import Scores, TrainedModel
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.service.models import Models
from fire_brigade.service.training import fit
from tests.fire_brigade_features import write_features
from tests.fire_brigade_log import KeptLog
from tests.fire_brigade_models import models

KEY = b"a key for the tests"


class Bench:
    """Where the tests train, and with what."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data" / "global_data.csv"
        self.paths = ModelPaths(
            folder / "models" / "linear_regression_model.pkl", folder / "models" / "onehot_encoder.pkl"
        )
        self.files = ModelFiles(KEY)
        self.log = KeptLog()

    @property
    def models(self) -> Models:
        return models(self.data, self.paths, self.files, None, self.log)

    def train(self) -> Scores:
        return self.models.train()

    def train_in_memory(self) -> TrainedModel:
        return fit(pd.read_csv(self.data))[0]

    def predict(self, distance: float = 5.2, station: str = "Acton") -> float:
        return self.models.predict(distance, station)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    write_features(bench.data)
    return bench
