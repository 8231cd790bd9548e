"""`python -m mlflow_server.prune`, beside a real MLflow server on PostgreSQL."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from sqlalchemy import create_engine, text

from db.embedded import EmbeddedPostgres, ensure_database
from tests.mlflow_server import MlflowServer

PROJECT = Path(__file__).parents[3]
DAYS = 10
AGE = (
    "UPDATE runs SET deleted_time = deleted_time - :ms",
    "UPDATE experiments SET last_update_time = last_update_time - :ms WHERE lifecycle_stage = 'deleted'",
)

Age = Callable[[], None]


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """The server, on the embedded PostgreSQL."""
    backend = ensure_database(postgres.url(), "prune_mlflow")
    server = MlflowServer(backend, tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: MlflowServer) -> MlflowClient:
    return MlflowClient(server.url)


@pytest.fixture
def experiment(client: MlflowClient) -> str:
    experiment_id: str = client.create_experiment(f"test {uuid.uuid4().hex}")
    return experiment_id


@pytest.fixture
def age(server: MlflowServer) -> Iterator[Age]:
    """Makes everything that is deleted by now ten days older."""
    engine = create_engine(server.backend)

    def shift() -> None:
        with engine.begin() as connection:
            for statement in AGE:
                connection.execute(text(statement), {"ms": DAYS * 86_400_000})

    yield shift
    engine.dispose()


def prune(server: MlflowServer, *options: str, days: int = DAYS) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "mlflow_server.prune", str(days), *options],
        cwd=PROJECT,
        env={
            **os.environ,
            "MLFLOW_BACKEND_STORE_URI": server.backend,
            "MLFLOW_TRACKING_URI": server.url,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_with_file(client: MlflowClient, experiment: str) -> str:
    run_id: str = client.create_run(experiment).info.run_id
    client.log_text(run_id, "content", "notes.txt")
    return run_id


def files(server: MlflowServer) -> set[str]:
    """Ids of the runs that have files."""
    return {path.parts[-3] for path in (server.folder / "artifacts").rglob("notes.txt")}


def runs(client: MlflowClient, experiment: str) -> set[str]:
    found = client.search_runs([experiment], run_view_type=ViewType.ALL)
    return {run.info.run_id for run in found}


def test_only_what_was_deleted_long_ago_goes_with_its_files(
    server: MlflowServer, client: MlflowClient, experiment: str, age: Age
) -> None:
    long_ago, lately, kept, live = (run_with_file(client, experiment) for _ in range(4))
    client.delete_run(long_ago)
    client.delete_run(kept)
    age()
    client.delete_run(lately)
    assert prune(server, f"--keep={kept}") == {"runs": 1, "experiments": 0}
    assert runs(client, experiment) == {long_ago, lately, kept, live}
    assert prune(server, f"--keep={kept}", "--delete") == {"runs": 1, "experiments": 0}
    assert runs(client, experiment) == {lately, kept, live}
    assert files(server) >= {lately, kept, live}
    assert long_ago not in files(server)
    assert prune(server, f"--keep={kept}") == {"runs": 0, "experiments": 0}
    assert prune(server, "--delete") == {"runs": 1, "experiments": 0}


def test_a_deleted_experiment_goes_once_none_of_its_runs_stays(
    server: MlflowServer, client: MlflowClient, experiment: str, age: Age
) -> None:
    age()
    prune(server, "--delete")  # what is left by others
    run_id = run_with_file(client, experiment)
    client.delete_experiment(experiment)
    assert prune(server) == {"runs": 0, "experiments": 0}
    age()
    assert prune(server, f"--keep={run_id}", "--delete") == {"runs": 0, "experiments": 0}
    assert prune(server, "--delete") == {"runs": 1, "experiments": 1}
    names = {each.experiment_id for each in client.search_experiments(view_type=ViewType.ALL)}
    assert experiment not in names


def test_an_experiment_with_a_registered_model_stays(
    server: MlflowServer, client: MlflowClient, experiment: str, age: Age
) -> None:
    run_id = run_with_file(client, experiment)
    model = client.create_logged_model(experiment, source_run_id=run_id)
    client.log_model_artifacts(model.model_id, str(server.log.parent / "artifacts" / experiment))
    name = f"model {experiment}"
    client.create_registered_model(name)
    client.create_model_version(name, f"models:/{model.model_id}", run_id, model_id=model.model_id)
    client.delete_experiment(experiment)
    age()
    assert prune(server, "--delete") == {"runs": 1, "experiments": 0}
    assert client.get_logged_model(model.model_id).artifact_location
    client.delete_registered_model(name)
    assert prune(server, "--delete") == {"runs": 0, "experiments": 1}
    assert not list((server.folder / "artifacts" / experiment).rglob("notes.txt"))
