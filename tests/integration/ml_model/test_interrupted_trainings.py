"""A training whose process is killed, or that ml_model does not live to end, leaves its failure."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import insert, select, text

from db.shared import DeploymentRow
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.interrupted import InterruptedTrainings, training_note
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import KEY, Load
from tests.running import RunningService, running_service

FOREST = {"model_name": "RandomForest", "hyperparameters": {"n_estimators": 10}}
SLOWER = """UPDATE deployments SET hyperparameters = '{"n_estimators": 10000}'"""


def begin(service: RunningService, sessions: Sessions, answers: list[Any]) -> threading.Thread:
    """A training that takes its time; returns once it goes on."""
    assert requests.post(f"{service.address}/root/ml/set_model", json=FOREST, timeout=60).ok
    with sessions() as session:
        session.execute(text(SLOWER))  # its trial would take its time too
        session.commit()

    def train() -> None:
        try:
            asked = requests.post(f"{service.address}/root/ml", json={"dataset": "training"}, timeout=60)
            answers.append(asked.status_code)
        except requests.ConnectionError:
            answers.append(None)

    thread = threading.Thread(target=train)
    thread.start()
    deadline = time.monotonic() + 20
    while not is_in_training(sessions):
        assert time.monotonic() < deadline, "it has not begun"
        time.sleep(0.05)
    return thread


def is_in_training(sessions: Sessions) -> bool:
    with sessions() as session:
        return session.scalar(text("SELECT training FROM deployments")) is not None


def told(service: RunningService) -> tuple[str | None, list[str]]:
    """The failure of the newest deployment, and what the audit trail says of it."""
    path = f"{service.address}/root/ml"
    newest = requests.get(f"{path}/deployments", timeout=10).json()["deployments"][0]
    events = requests.get(f"{path}/audit", timeout=10).json()["events"]
    return newest.get("failure"), [each["action"] for each in events if each["subject"] == str(newest["id"])]


@pytest.mark.parametrize("killed", ["the trainer", "ml_model"])
def test_it_is_told(killed: str, database_url: str, load: Load, sessions: Sessions, tmp_path: Path) -> None:
    load("training")
    settings: dict[str, Any] = {"database_url": database_url, "artifact_key": KEY}
    answers: list[Any] = []
    with running_service("ml_model", tmp_path, **settings) as service:
        training = begin(service, sessions, answers)
        failure, actions = told(service)
        assert (failure, "train_failed" in actions) == (None, False)
        if killed == "the trainer":
            (trainer,) = [each for each in service.workers() if "spawn_main" in " ".join(each.cmdline())]
            trainer.kill()
        else:
            service.kill()
        training.join()
        if killed == "the trainer":
            assert answers == [503]
            assert "has died" in str(told(service)[0])
            assert "train_failed" in told(service)[1]
    if killed == "ml_model":
        with running_service("ml_model", tmp_path, **settings) as service:
            deadline = time.monotonic() + 20
            while told(service)[0] is None:
                assert time.monotonic() < deadline, "nothing is told"
                time.sleep(0.1)
            failure, actions = told(service)
            assert "was interrupted" in str(failure)
            assert actions.count("train_failed") == 1


def note_of(process: psutil.Process) -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "pid": process.pid,
        "token": "t",
        "at": time.time(),
        "caller": "bob",
        "started": process.create_time(),
    }


def failed(sessions: Sessions, *notes: dict[str, Any] | None) -> list[bool]:
    """Whether each deployment with such a note has failed, once it was looked for."""
    with sessions() as session:
        for note in notes:
            model: dict[str, Any] = {"use_case": "wine", "model_name": "SVC", "hyperparameters": {}}
            session.execute(insert(DeploymentRow).values(**model, preprocessing="none", training=note))
        session.execute(text("UPDATE deployments SET training = 'null' WHERE training IS NULL"))  # as once
        session.commit()
    InterruptedTrainings(lambda: MlModelUnitOfWork(sessions), 60).fail()
    with sessions() as session:
        found = session.scalars(text("SELECT failure FROM deployments ORDER BY id")).all()
        assert session.scalar(text("SELECT count(training) FROM deployments WHERE failure IS NOT NULL")) == 0
    return [failure is not None for failure in found]


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def test_those_that_ended_well_hide_no_interrupted_one(
    load: Load, sessions: Sessions, other: subprocess.Popen[bytes]
) -> None:
    load("training")
    note = note_of(psutil.Process(other.pid))
    other.kill()
    other.wait()
    assert failed(sessions, None, note) == [False, True]


def test_of_processes_with_the_same_number_that_one_goes_on_which_trains(
    load: Load, sessions: Sessions, other: subprocess.Popen[bytes]
) -> None:
    """As in a container that was started again."""
    load("training")
    note = note_of(psutil.Process(other.pid))
    earlier = note | {"started": note["started"] - 60}
    unnoted = {key: value for key, value in note.items() if key != "started"}
    assert failed(sessions, note, earlier, unnoted) == [False, True, False]


def test_a_killed_process_that_nobody_has_taken_note_of_trains_no_more(
    load: Load, sessions: Sessions, other: subprocess.Popen[bytes]
) -> None:
    load("training")
    process = psutil.Process(other.pid)
    note = note_of(process)
    other.kill()
    deadline = time.monotonic() + 20
    while process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert failed(sessions, note) == [True]


def test_a_training_that_this_process_has_given_up_is_an_interrupted_one(
    load: Load, sessions: Sessions
) -> None:
    """As where its result could not be stored."""
    load("training")
    interrupted = InterruptedTrainings(lambda: MlModelUnitOfWork(sessions), 60)

    def failure() -> str | None:
        interrupted.fail()
        with sessions() as session:
            return session.scalars(select(DeploymentRow.failure)).one()

    with training_note(ALICE) as note:
        model: dict[str, Any] = {"use_case": "wine", "model_name": "SVC", "hyperparameters": {}}
        with sessions() as session:
            session.execute(insert(DeploymentRow).values(**model, preprocessing="none", training=note))
            session.commit()
        assert failure() is None
    assert "was interrupted" in str(failure())
