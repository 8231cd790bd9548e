"""Restarts, replicas and simultaneous requests, on processes as they run in earnest."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import free_port
from tests.integration.ml_model.conftest import KEY, Load, Rows
from tests.running import RunningService, running_service

pytestmark = pytest.mark.slow


@contextmanager
def running(database_url: str, folder: Path, port: int | None = None) -> Iterator[RunningService]:
    with running_service(
        "ml_model", folder, port=port, database_url=database_url, artifact_key=KEY
    ) as service:
        yield service


def post(service: RunningService, path: str, **body: Any) -> requests.Response:
    return requests.post(service.address + path, json=body, timeout=60)


def test_a_killed_service_comes_back_with_the_same_model(
    database_url: str, load: Load, tmp_path: Path
) -> None:
    load()
    port = free_port()
    with running(database_url, tmp_path, port) as service:
        post(service, "/root/ml/set_model", model_name="RandomForest", hyperparameters={"n_estimators": 20})
        post(service, "/root/ml", dataset="training")
        before = post(service, "/root/ml", dataset="testing").json()
        described = requests.get(service.address + "/root/ml", timeout=10).json()
        service.kill()
    with running(database_url, tmp_path, port) as service:
        assert requests.get(service.address + "/root/ml", timeout=10).json() == described
        assert post(service, "/root/ml", dataset="testing").json() == before


def test_a_second_replica_scores_with_the_same_model(database_url: str, load: Load, tmp_path: Path) -> None:
    load()
    with running(database_url, tmp_path) as one, running(database_url, tmp_path) as other:
        post(one, "/root/ml/set_model", model_name="SVC")
        post(one, "/root/ml", dataset="training")
        assert (
            post(other, "/root/ml", dataset="testing").json()
            == post(one, "/root/ml", dataset="testing").json()
        )


def test_two_trainings_at_once_are_two_deployments_of_which_one_is_live(
    database_url: str, load: Load, rows: Rows, tmp_path: Path
) -> None:
    load()
    with running(database_url, tmp_path) as service:
        post(service, "/root/ml/set_model", model_name="RandomForest")
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: post(service, "/root/ml", dataset="training"), range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sorted(answer.json()["deployment_id"] for answer in answers) == [1, 2]
    assert rows("SELECT count(*) FROM activations WHERE until IS NULL") == [(1,)]
    assert rows("SELECT deployment_id, count(*) FROM predictions GROUP BY 1 ORDER BY 1") == [
        (1, 106),
        (2, 106),
    ]


def test_scorings_and_loads_at_once_leave_one_prediction_a_sample(
    database_url: str, load: Load, rows: Rows, tmp_path: Path
) -> None:
    load()
    with running(database_url, tmp_path) as service:
        post(service, "/root/ml/set_model", model_name="SVC")
        post(service, "/root/ml", dataset="training")

        def disturb(number: int) -> int:
            if number % 3:
                return post(service, "/root/ml", dataset="production").status_code
            load("production")
            return 200

        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(disturb, range(18))) == {200}
        assert post(service, "/root/ml", dataset="production").json()["rows"] == 36
    assert rows("SELECT count(*), count(DISTINCT sample_index) FROM predictions") == [(142, 142)]
