"""A model that ml_model trains on the service's training rows predicts what the service's own does."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from db.sets import RowRange, read_predictions, read_rows
from db.use_cases import find_use_case
from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.service.training import part
from ml_model.config.settings import MlModelSettings
from ml_model.web.app import create_app as create_ml_model
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions
from tests.integration.fire_brigade.conftest import ARTIFACT_KEY, FireBrigade

NAME = "same_fires"
PREDICTED_OVER_HTTP = 25


@pytest.fixture
def features(brigade: FireBrigade) -> pd.DataFrame:
    """Of made-up records of every station; the service's model is trained on three quarters of them."""
    job = brigade.end_of(brigade.call("/process_data?made_up=true").json()["job_id"])
    assert job["status"] == "succeeded", job
    assert brigade.call("/build_features").status_code == 200
    assert brigade.call("/train_model", "POST").status_code == 200
    return pd.read_csv(brigade.folder / "data" / "global_data.csv", float_precision="round_trip")


def split_as_the_service(features: pd.DataFrame) -> pd.DataFrame:
    """With a column that says whether the service trains on a row; production, which is not used, has one."""
    training, testing = part(features)
    parts = {"training": training, "testing": testing, "production": testing.head(1)}
    return pd.concat([rows.assign(set=name) for name, rows in parts.items()])


def definition(stations: list[str]) -> dict[str, object]:
    return {
        "name": NAME,
        "task": "regression",
        "target": "attendance time in seconds",
        "source": {
            "kind": "csv",
            "file": "same.csv",
            "target_column": TARGET,
            "columns": {"station": STATION},
        },
        "split": {"kind": "column", "column": "set"},
        "features": [
            {"name": DISTANCE, "type": "number"},
            {"name": "station", "type": "category", "categories": stations},
        ],
    }


def post(client: FlaskClient, path: str, **body: object) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code < 300, answer.json


def score_through_ml_model(database_url: str, folder: Path, rows: pd.DataFrame) -> None:
    """Loads both sets, and has a linear regression on plain columns trained and scored."""
    url = SecretStr(database_url)
    simulator = create_simulator(SimulatorSettings(database_url=url, data_dir=folder)).test_client()
    settings = MlModelSettings(database_url=url, artifact_key=SecretStr(ARTIFACT_KEY))
    post(
        simulator,
        "/root/simulator/use_cases",
        definition=definition(sorted(set(rows[STATION]))),
        csv=rows.to_csv(index=False),
    )
    for name in ("training", "testing"):
        post(simulator, "/root/simulator", set_name=name, use_case=NAME)
    ml_model = create_ml_model(settings).test_client()
    plain = {"model_name": "LinearRegression", "preprocessing": "none"}
    post(ml_model, "/root/ml/set_model", **plain, use_case=NAME)
    for name in ("training", "testing"):
        post(ml_model, "/root/ml", dataset=name, use_case=NAME)


def test_predictions_through_ml_model_are_those_of_the_service(
    brigade: FireBrigade,
    features: pd.DataFrame,
    database_url: str,
    sessions: Sessions,
    tmp_path: Path,
) -> None:
    rows = split_as_the_service(features)
    score_through_ml_model(database_url, tmp_path, rows)
    with sessions() as session:
        use_case = find_use_case(session, NAME)
        stored = read_rows(session, use_case, RowRange("testing"))
        predictions = read_predictions(session, use_case, 1, stored.sample_index)
    testing = rows[rows["set"] == "testing"]
    np.testing.assert_allclose(stored.features[:, 0], testing[DISTANCE], rtol=1e-15)
    models = brigade.folder / "models"
    paths = ModelPaths(models / "linear_regression_model.pkl", models / "onehot_encoder.pkl")
    own = ModelFiles(ARTIFACT_KEY.encode()).read(paths)

    predicted = own.predict(testing[DISTANCE].to_numpy(), testing[STATION].to_list())

    assert len(predicted) > 1000
    np.testing.assert_allclose(predictions, predicted, rtol=1e-6)
    for row in range(PREDICTED_OVER_HTTP):
        call = {"distance": float(testing[DISTANCE].iloc[row]), "station": testing[STATION].iloc[row]}
        said = brigade.call("/predict", params=call).json()["predicted_attendance_time"]
        assert predictions[row] == pytest.approx(said, rel=1e-6)
