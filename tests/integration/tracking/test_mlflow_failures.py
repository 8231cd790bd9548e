"""MLflow away, back again, and failing half-way through a recording."""

import time

from flask.testing import FlaskClient

from tests.integration.tracking.conftest import EXPERIMENTS, RUNS, Optimise
from tests.mlflow_server import MlflowServer


def test_mlflow_away_is_503_within_seconds_and_all_is_well_when_it_is_back(
    client: FlaskClient, optimise: Optimise, mlflow_server: MlflowServer, name: str
) -> None:
    mlflow_server.stop()
    try:
        start = time.monotonic()
        answers = [
            client.get(EXPERIMENTS),
            client.get(RUNS, query_string={"experiment_id": "1"}),
            client.delete(RUNS, query_string={"experiment_id": "1", "run_id": "0" * 32}),
            optimise(),
            client.get("/health/ready"),
        ]
        assert time.monotonic() - start < 10
        assert [answer.status_code for answer in answers] == [503] * 5
        assert answers[0].get_json()["error"] == "MLflow cannot be reached"
        assert client.get("/health/live").status_code == 200
    finally:
        mlflow_server.start()
    assert client.get("/health/ready").status_code == 200
    assert optimise().status_code == 201
