"""Training in a process of its own: the same results, killed when it takes too long or its parent dies."""

import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children
from typing import Any

import numpy as np
import psutil
import pytest

from fleet.errors import OutOfTimeError
from ml_model.persistence.model.deployment import ModelChoice
from ml_model.service.artifacts import open_artifact
from ml_model.service.fitting import RefusedHyperparametersError, TrainingFailedError
from ml_model.service.trainer_process import NICENESS, TRAINER, TrainerDiedError, TrainerProcesses
from ml_model.service.training import Task
from tests.running import PROJECT

KEY = b"a key for the tests"
ENDLESS: dict[str, Any] = {"n_estimators": 10_000}


def task(rows: int = 300, model_name: str = "LogisticRegression", **hyperparameters: Any) -> Task:
    random = np.random.default_rng(0)
    target = np.arange(rows, dtype=float) % 3
    features = random.normal(size=(rows, 4)) + target[:, None]
    choice = ModelChoice(
        model_name=model_name, hyperparameters=hyperparameters, preprocessing="standard_scaler"
    )
    return Task(choice, features, target)


def trainers() -> list[psutil.Process]:
    """Those of low priority: another service's processes may be kept beside them."""
    spawned = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    return [child for child in spawned if child.nice() == NICENESS]


@pytest.fixture(autouse=True, scope="module")
def _trainers_of_other_tests_are_gone() -> None:
    """An app that another file's tests made in this process keeps its trainer until this process ends."""
    for process in active_children():
        if process.name == TRAINER:
            process.kill()
            process.join()


@pytest.fixture
def trainer() -> Iterator[TrainerProcesses]:
    made = TrainerProcesses(60)
    yield made
    made.stop()


def test_a_model_is_trained_elsewhere_at_low_priority(trainer: TrainerProcesses) -> None:
    asked = task()
    artifact = trainer.train(asked, KEY)
    predicted = open_artifact(artifact, KEY).predict(asked.features).labels
    assert np.mean(predicted == asked.target) > 0.7
    (process,) = trainers()
    assert process.nice() == NICENESS
    trainer.try_out(asked)
    assert trainers() == [process]


def test_what_the_estimator_refuses_is_raised_here(trainer: TrainerProcesses) -> None:
    with pytest.raises(RefusedHyperparametersError, match="'C'") as refused:
        trainer.try_out(task(C=-1))
    assert refused.value.message.startswith("Nothing was set")
    one_class = task()
    one_class.target[:] = 1
    with pytest.raises(TrainingFailedError):
        trainer.train(one_class, KEY)


def test_a_training_that_takes_too_long_is_killed() -> None:
    trainer = TrainerProcesses(3)
    with pytest.raises(OutOfTimeError):
        trainer.train(task(20_000, "RandomForest", **ENDLESS), KEY)
    assert trainers() == []


def test_predictions_out_of_fold_are_made_there_and_given_up_sooner(
    trainer: TrainerProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = trainer.predict_out_of_fold(task())
    assert told is not None
    assert len(told.predictions) == 300
    monkeypatch.setattr("ml_model.service.trainer_process.OUT_OF_FOLD_S", 1.0)
    with pytest.raises(OutOfTimeError):
        trainer.predict_out_of_fold(task(20_000, "RandomForest", **ENDLESS))
    assert trainers() == []


def test_a_trainer_that_dies_is_said_to_have_died_and_replaced(trainer: TrainerProcesses) -> None:
    trainer.try_out(task())
    (process,) = trainers()
    process.kill()
    while process.pid in {child.pid for child in active_children()}:  # its last thread has not ended yet
        time.sleep(0.01)
    trainer.try_out(task())
    assert trainers() != [process]


def test_a_trainer_that_is_killed_while_it_trains_is_told(trainer: TrainerProcesses) -> None:
    trainer.try_out(task())
    (process,) = trainers()
    killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {process.pid}"])
    with pytest.raises(TrainerDiedError):
        trainer.train(task(20_000, "RandomForest", **ENDLESS), KEY)
    killer.wait(10)


def test_a_trainer_ends_with_its_parent() -> None:
    program = (
        "from tests.integration.ml_model.test_trainer_process import *\n"
        "import threading, time\n"
        "trainer = TrainerProcesses(600)\n"
        "trainer.try_out(task())\n"
        "work = lambda: trainer.train(task(20_000, 'RandomForest', **ENDLESS), KEY)\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(1)\n"
        "print(trainers()[0].pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
