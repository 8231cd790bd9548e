"""Trainings and evaluations in a real MLflow, and predictions by the newest registered model."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from mlflow import MlflowClient

from db.embedded import EmbeddedPostgres, ensure_database
from fire_brigade.persistence.repository.locked_files import Recordings
from fire_brigade.persistence.repository.mlflow_log import (
    FILES,
    REGISTERED_NAME,
    MlflowFailedError,
    MlflowLog,
    NothingRegisteredError,
)
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths, UntrustedModelError
from fleet.mlflow_client import connect
from tests.conftest import free_port
from tests.fire_brigade_features import make_features, write_features
from tests.fire_brigade_log import KeptLog
from tests.fire_brigade_models import models
from tests.mlflow_server import MlflowServer, mlflow_at

KEY = b"a key for the tests"
EXPERIMENT = "LFB_MLOPS"


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    backend = ensure_database(postgres.url(), "fire_brigade_mlflow")
    server = MlflowServer(backend, tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: MlflowServer) -> MlflowClient:
    return connect(server.url, timeout_s=5)


def paths(folder: Path) -> ModelPaths:
    return ModelPaths(folder / "models" / "model.pkl", folder / "models" / "encoder.pkl")


def log_of(client: MlflowClient, folder: Path, files: ModelFiles) -> MlflowLog:
    return MlflowLog(client, EXPERIMENT, files, Recordings(folder / "recordings"))


def test_a_training_is_recorded_registered_and_predicts(client: MlflowClient, tmp_path: Path) -> None:
    data = tmp_path / "data" / "global_data.csv"
    files, log = ModelFiles(KEY), KeptLog()
    registry = log_of(client, tmp_path, files)
    write_features(data)
    scores = models(data, paths(tmp_path), files, registry, log).train()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (run,) = client.search_runs([experiment.experiment_id], "attributes.run_name = 'train_model'")
    assert run.info.status == "FINISHED"
    assert run.data.metrics == pytest.approx(scores)
    assert run.data.params["test_size"] == "0.25"
    assert run.data.params["random_state"] == "42"
    assert {each.path for each in client.list_artifacts(run.info.run_id)} >= {
        "linear_regression_model.pkl",
        "onehot_encoder.pkl",
    }
    (version,) = client.search_model_versions(f"name='{REGISTERED_NAME}'")
    assert version.run_id == run.info.run_id
    theirs = predicted_by_mlflow(client, version.version)
    ours = registry.newest().predict(np.array([5.2]), ["Acton"])
    assert theirs == pytest.approx(ours, rel=1e-9)

    features = make_features(seed=7)
    features["AttendanceTimeSeconds"] += 100
    features.to_csv(data, index=False)
    models(data, paths(tmp_path), files, registry, log).train()
    assert registry.newest().predict(np.array([5.2]), ["Acton"])[0] > ours[0] + 50

    with pytest.raises(UntrustedModelError):
        log_of(client, tmp_path, ModelFiles(b"another key")).newest()


def test_what_a_job_has_recorded_is_not_trained_again(client: MlflowClient, tmp_path: Path) -> None:
    data, files = tmp_path / "data" / "global_data.csv", ModelFiles(KEY)
    write_features(data)
    registry = MlflowLog(client, "of jobs", files, Recordings(tmp_path / "recordings"))
    first = models(data, paths(tmp_path), files, registry, KeptLog()).train(job_id="a")
    written = [path.read_bytes() for path in paths(tmp_path)]
    for path in paths(tmp_path):
        path.unlink()  # as if it had been killed before it wrote them
    make_features(seed=7).to_csv(data, index=False)

    again = models(data, paths(tmp_path), files, registry, KeptLog()).train(job_id="a")

    assert again == first
    assert [path.read_bytes() for path in paths(tmp_path)] == written
    of_jobs = [client.get_experiment_by_name("of jobs").experiment_id]
    assert len(client.search_runs(of_jobs)) == 1
    assert models(data, paths(tmp_path), files, registry, KeptLog()).train(job_id="b") != first
    assert len(client.search_runs(of_jobs)) == 2


def predicted_by_mlflow(client: MlflowClient, version: str) -> np.ndarray:
    """What anybody gets who loads the registered model with MLflow itself, signature checked."""
    with mlflow_at(client.tracking_uri):
        model = mlflow.pyfunc.load_model(f"models:/{REGISTERED_NAME}/{version}")
    assert [column.name for column in model.metadata.signature.inputs] == [
        "distance",
        "DeployedFromStation_Name",
    ]
    rows = pd.DataFrame({"distance": [5.2], "DeployedFromStation_Name": ["Acton"]})
    return np.asarray(model.predict(rows))


def test_an_evaluation_is_a_run_with_its_pictures(client: MlflowClient, tmp_path: Path) -> None:
    data = tmp_path / "data" / "global_data.csv"
    files, log = ModelFiles(KEY), KeptLog()
    registry = MlflowLog(client, "evaluations", files, Recordings(tmp_path / "recordings"))
    write_features(data)
    models(data, paths(tmp_path), files, registry, log).train()
    found = models(data, paths(tmp_path), files, registry, log).evaluate()
    experiment = client.get_experiment_by_name("evaluations")
    (run,) = client.search_runs([experiment.experiment_id], "attributes.run_name = 'eval_model'")
    assert run.info.status == "FINISHED"
    assert run.data.metrics == pytest.approx(found.scores)
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {
        *("scores.json", "scores_by_station.csv", "residuals.png", "predicted_against_true.png")
    }


def test_an_mlflow_that_is_away_leaves_the_files_of_before(tmp_path: Path) -> None:
    data = tmp_path / "data" / "global_data.csv"
    write_features(data)
    files = ModelFiles(KEY)
    models(data, paths(tmp_path), files, None, KeptLog()).train()
    before = paths(tmp_path).model.read_bytes()
    away = log_of(connect(f"http://127.0.0.1:{free_port()}", timeout_s=5), tmp_path, files)
    with pytest.raises(MlflowFailedError) as refused:
        models(data, paths(tmp_path), files, away, KeptLog()).train()
    assert refused.value.status == 503
    assert paths(tmp_path).model.read_bytes() == before
    with pytest.raises(MlflowFailedError):
        away.newest()


@pytest.mark.parametrize("status", ["FINISHED", "RUNNING"])
def test_versions_that_others_made_are_passed_over(client: MlflowClient, tmp_path: Path, status: str) -> None:
    data, files = tmp_path / "data" / "global_data.csv", ModelFiles(KEY)
    write_features(data)
    registry = log_of(client, tmp_path, files)
    models(data, paths(tmp_path), files, registry, KeptLog()).train()
    ours = registry.newest()
    others = client.get_experiment_by_name("others")
    run = client.create_run(others.experiment_id if others else client.create_experiment("others"))
    if status == "FINISHED":  # also with files of the right names, which carry no signature
        for name in FILES:
            client.log_text(run.info.run_id, "no model", name)
        client.set_tag(run.info.run_id, "use_case", "fire_brigade")
        client.set_terminated(run.info.run_id)
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version(REGISTERED_NAME, source, run.info.run_id, await_creation_for=0)
    try:
        assert registry.newest() is ours
        again = log_of(client, tmp_path, files).newest()
        assert again.predict(np.array([1.0]), ["Acton"]) == ours.predict(np.array([1.0]), ["Acton"])
    finally:
        client.delete_model_version(REGISTERED_NAME, made.version)


KILLED_WHILE_RECORDING = """
import os, signal, sys
from pathlib import Path
from mlflow import MlflowClient
from tests.integration.fire_brigade import test_mlflow as here
url, folder, method = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
client, files = here.connect(url, timeout_s=5), here.ModelFiles(here.KEY)
setattr(client, method, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
data = folder / "data" / "global_data.csv"
log = here.log_of(client, folder, files)
here.models(data, here.paths(folder), files, log, here.KeptLog()).train()
"""


@pytest.mark.parametrize("method", ["log_batch", "log_model_artifacts", "set_terminated"])
def test_what_a_killed_training_left_is_failed_and_not_predicted_with(
    server: MlflowServer, client: MlflowClient, tmp_path: Path, method: str
) -> None:
    data, files = tmp_path / "data" / "global_data.csv", ModelFiles(KEY)
    write_features(data)
    registry = log_of(client, tmp_path, files)
    models(data, paths(tmp_path), files, registry, KeptLog()).train()
    ours = registry.newest()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_RECORDING, server.url, str(tmp_path), method],
        check=False,
        timeout=280,
    )
    assert killed.returncode == -signal.SIGKILL
    experiment = client.get_experiment_by_name(EXPERIMENT)
    running = client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
    assert len(running) == 1
    assert registry.newest() is ours

    registry.end_stale()

    assert client.get_run(running[0].info.run_id).info.status == "FAILED"
    left = client.search_logged_models([experiment.experiment_id])
    assert "PENDING" not in {model.status.name for model in left}
    assert list((tmp_path / "recordings").iterdir()) == []
    assert registry.newest() is ours


def test_a_recording_that_goes_on_is_left_alone(client: MlflowClient, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path / "recordings")
    ended: list[str] = []
    with recordings.begun() as name:
        Recordings(tmp_path / "recordings").end_stale(ended.append)
        assert ended == []
        assert [path.name for path in (tmp_path / "recordings").iterdir()] == [name]
    assert list((tmp_path / "recordings").iterdir()) == []


def failing(failure: OSError) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise failure

    return fail


FAILURES = [
    requests.ConnectionError("lost"),
    requests.HTTPError("500 Server Error"),
    OSError(28, "No space left on device"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("method", ["download_artifacts", "list_artifacts"])
def test_a_download_that_fails_is_503_and_no_missing_model(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, failure: OSError
) -> None:
    data, files = tmp_path / "data" / "global_data.csv", ModelFiles(KEY)
    write_features(data)
    registry = log_of(client, tmp_path, files)
    models(data, paths(tmp_path), files, registry, KeptLog()).train()
    monkeypatch.setattr(client, method, failing(failure))
    with pytest.raises(MlflowFailedError) as refused:
        registry.newest()
    assert refused.value.status == 503


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_an_upload_that_fails_is_503_and_leaves_no_files(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    data, files = tmp_path / "data" / "global_data.csv", ModelFiles(KEY)
    write_features(data)
    registry = log_of(client, tmp_path, files)
    monkeypatch.setattr(client, "log_artifacts", failing(failure))
    with pytest.raises(MlflowFailedError):
        models(data, paths(tmp_path), files, registry, KeptLog()).train()
    assert not paths(tmp_path).model.exists()


def test_a_registry_without_a_model_says_what_to_call(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    server = MlflowServer(ensure_database(postgres.url(), "empty_mlflow"), tmp_path)
    server.start()
    try:
        with pytest.raises(NothingRegisteredError) as refused:
            log_of(connect(server.url, timeout_s=5), tmp_path, ModelFiles(KEY)).newest()
    finally:
        server.stop()
    assert refused.value.status == 409
    assert "POST /train_model" in refused.value.message
