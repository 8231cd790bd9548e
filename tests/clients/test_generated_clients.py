"""Clients that others generate from the documents import, lose no field, and are answered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.accounts import basic
from tests.integration.documents.conftest import Fleet, fleet, mlflow_server, post
from tests.mlflow_server import MlflowServer

__all__ = ["fleet", "mlflow_server"]  # fixtures

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
REQUIREMENTS = HERE / "requirements" / "generators.txt"


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of an environment that has the generators, and nothing of ours."""
    folder = PROJECT / ".mlfleet" / "clients" / "generators"
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=580)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True, timeout=580
        )
        stamp.write_text(wanted, encoding="utf-8")
    return python


def problems(  # what is called, and with what
    python: Path, folder: Path, address: str, arguments: dict[str, Any], headers: dict[str, str] | None = None
) -> list[str]:
    """What was wrong when everything was called."""
    document = requests.get(f"{address}/openapi.json", headers=headers, timeout=60).json()
    folder.mkdir()
    told = {"document": document, "address": address, "headers": headers or {}, "folder": str(folder)}
    done = subprocess.run(
        [python, HERE / "generated.py"],
        input=json.dumps({**told, "arguments": arguments}),
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_simulator(python: Path, fleet: Fleet, tmp_path: Path) -> None:
    fleet.ml_model()  # which answers a stream
    address = fleet.simulator()
    stream = post(f"{address}/root/simulator/stream", {"rate": 100, "rows": 10})
    assert stream["rows"] == 10
    jobs = requests.get(f"{address}/root/simulator/jobs", timeout=60).json()["data"]
    arguments = {"name": "houses", "job_id": jobs[0]["id"]}
    assert problems(python, tmp_path / "generated", address, arguments) == []


def test_ml_model(python: Path, fleet: Fleet, tmp_path: Path) -> None:
    address = fleet.ml_model()
    post(f"{address}/root/ml", {"dataset": "training"})  # the deployment before can then be gone back to
    candidate, shadow = (post(f"{address}/root/ml/deployments", {"model_name": "SVC"}) for _ in range(2))
    post(f"{address}/root/ml/deployments/{shadow['id']}/role", {"role": "shadow"})
    arguments = {
        "deployment_id": 1,
        "snapshot_id": 1,
        "name": "wine",
        "version": "2",
        "DELETE /root/ml/deployments/{deployment_id}": {"deployment_id": candidate["id"]},
        # The first one is active by then: the last example of a role makes it so.
        "DELETE /root/ml/deployments/{deployment_id}/role": {"deployment_id": shadow["id"]},
    }
    assert problems(python, tmp_path / "generated", address, arguments) == []


def test_monitoring(python: Path, fleet: Fleet, tmp_path: Path) -> None:
    address = fleet.monitoring()
    monitoring = f"{address}/root/monitoring"
    post(monitoring, {"metric": "summary"})
    results = requests.get(f"{monitoring}/results", timeout=60).json()["results"]
    post(monitoring, {"metric": "verdict", "deployment_id": results[0]["deployment_id"]})
    requests.put(f"{monitoring}/policy", json={}, timeout=60).raise_for_status()
    loop = post(f"{monitoring}/loops", {"action": "retrain"})
    jobs = requests.get(f"{monitoring}/jobs", timeout=60).json()["data"]
    arguments = {"result_id": 1, "verdict_id": 1, "loop_id": loop["id"], "job_id": jobs[0]["id"]}
    assert problems(python, tmp_path / "generated", address, arguments) == []


def test_tracking(python: Path, fleet: Fleet, tmp_path: Path, mlflow_server: MlflowServer) -> None:
    address = fleet.tracking(mlflow_server, max_combinations=100)
    path = f"{address}/root/tracking"
    experiments = requests.get(f"{path}/experiments", timeout=60).json()["data"]
    # The one that was made just now has the highest number.
    experiment_id = str(max(int(each["experiment_id"]) for each in experiments))
    runs = requests.get(f"{path}/runs", {"experiment_id": experiment_id}, timeout=60).json()["data"]
    run_id = runs[0]["run_id"]
    jobs = requests.get(f"{path}/jobs", timeout=60).json()["data"]
    arguments = {
        "experiment_id": experiment_id,
        "run_id": run_id,
        "job_id": jobs[0]["id"],
        "GET /root/tracking/compare": {"run_id": [run_id, run_id]},
    }
    assert problems(python, tmp_path / "generated", address, arguments) == []


def test_fire_brigade(python: Path, fleet: Fleet, tmp_path: Path) -> None:
    address = fleet.fire_brigade()
    job = requests.get(f"{address}/process_data", headers=basic("alice"), timeout=60).json()["job_id"]
    arguments = {"job_id": job, "distance": 1.0, "station": "Acton"}
    assert problems(python, tmp_path / "generated", address, arguments, basic("alice")) == []
