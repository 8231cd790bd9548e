"""A live ml_model with two use cases, for clients of other people."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from pydantic import SecretStr
from sklearn.datasets import load_wine

from db.embedded import EmbeddedPostgres
from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.clients.words import WORDS, words_csv, words_rows
from tests.conftest import fresh_database
from tests.running import running_service

KEY = "a key for the tests"


@dataclass(frozen=True)
class Rows:
    """Rows for clients, None where a value is missing, and what our own route answers to them."""

    use_case: str
    columns: list[str]
    data: list[list[Any]]
    predictions: list[int]
    probabilities: list[list[float]]


@dataclass(frozen=True)
class LiveModels:
    """A running ml_model. version: the deployment that answers for wine."""

    address: str
    wine: Rows
    words: Rows
    version: int


@pytest.fixture(scope="session")
def live(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveModels]:
    folder = tmp_path_factory.mktemp("clients")
    with fresh_database(postgres, template) as url:
        version = _deploy(url, folder)
        settings: dict[str, Any] = {"database_url": url, "artifact_key": KEY, "live_store_share": "1"}
        with running_service("ml_model", folder, **settings) as service:
            service.wait_until_ready()
            names = [name.replace("/", "__") for name in load_wine().feature_names]
            wine = _answered(service.address, "wine", names, _wine_rows())
            columns = [feature["name"] for feature in WORDS["features"]]
            words = _answered(service.address, "words", columns, words_rows(20))
            yield LiveModels(service.address, wine, words, version)


def _wine_rows() -> list[list[Any]]:
    rows: list[list[Any]] = load_wine().data[::9].tolist()
    for number, row in enumerate(rows[:5]):
        row[number] = None
    return rows


def _deploy(url: str, folder: Path) -> int:
    simulator = create_simulator(
        SimulatorSettings(database_url=SecretStr(url), data_dir=folder)
    ).test_client()
    _post(simulator, "/root/simulator/use_cases", {"definition": WORDS, "csv": words_csv()})
    settings = MlModelSettings(database_url=SecretStr(url), artifact_key=SecretStr(KEY))
    app = create_app(settings, trainer=InThisProcess())
    client = app.test_client()
    version = 0
    for name in ("words", "wine"):
        _post(simulator, "/root/simulator", {"set_name": "training", "use_case": name})
        told = _post(client, "/root/ml/set_model", {"model_name": "LogisticRegression", "use_case": name})
        _post(client, "/root/ml", {"dataset": "training", "use_case": name})
        version = int(told["deployment_id"])
    app.extensions[LIVE].store.stop()
    return version


def _post(client: FlaskClient, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.json
    return answer.json


def _answered(address: str, use_case: str, columns: list[str], data: list[list[Any]]) -> Rows:
    body = {"columns": columns, "data": data, "use_case": use_case}
    told = requests.post(f"{address}/root/ml/predict", json=body, timeout=30).json()
    return Rows(use_case, columns, data, told["predictions"], told["probabilities"])
