"""The two files of a model: put in their places together, by one training at a time."""

import os
from pathlib import Path
from typing import Any

import pytest

from fire_brigade.persistence.repository.locked_files import AlreadyRunningError
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fleet.whole_files import FileNotWrittenError
from tests.fire_brigade_models import models
from tests.unit.fire_brigade.conftest import KEY, Bench


def unlocked(folder: Path) -> list[str]:
    """Names of all files there, but for locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_both_files_are_written_under_their_names_and_are_no_pickles(bench: Bench) -> None:
    bench.train()
    for path in (bench.paths.model, bench.paths.encoder):
        assert path.read_bytes().startswith(b"mlfleet signed joblib 1\n")
    assert unlocked(bench.paths.model.parent) == ["linear_regression_model.pkl", "onehot_encoder.pkl"]


def test_a_full_disk_leaves_both_files_of_before(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.train()
    before = [bench.paths.model.read_bytes(), bench.paths.encoder.read_bytes()]
    calls = iter([None, OSError(28, "No space left on device")])

    def fail_the_second_time(_: int) -> None:
        problem = next(calls)
        if problem is not None:
            raise problem

    monkeypatch.setattr(os, "fsync", fail_the_second_time)
    with pytest.raises(FileNotWrittenError, match="the disk is full"):
        bench.train()
    assert [bench.paths.model.read_bytes(), bench.paths.encoder.read_bytes()] == before
    assert unlocked(bench.paths.model.parent) == ["linear_regression_model.pkl", "onehot_encoder.pkl"]


class KilledError(BaseException):
    """Ends a training where it is, as a kill does."""


def train_and_die(bench: Bench, monkeypatch: pytest.MonkeyPatch, renamed: int) -> None:
    """Train with the process dying after so many of its files were renamed."""
    left, rename = [None] * renamed, Path.replace

    def rename_or_die(path: Path, target: Path) -> Path:
        if not left:
            raise KilledError
        left.pop()
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", rename_or_die)
        with pytest.raises(KilledError):
            bench.train()


@pytest.mark.parametrize("second", [0, 1, 2])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_trainings_that_are_killed_leave_a_model_that_predicts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, first: int, second: int
) -> None:
    bench.train()
    before = bench.predict()
    for renamed in (first, second):
        train_and_die(bench, monkeypatch, renamed)
        assert bench.predict() == before
        bench.files = ModelFiles(KEY)  # as a restarted service has it
        assert bench.predict() == before
    bench.train()
    assert bench.predict() == before
    assert unlocked(bench.paths.model.parent) == ["linear_regression_model.pkl", "onehot_encoder.pkl"]


def test_a_first_training_that_is_killed_between_the_files_predicts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_and_die(bench, monkeypatch, 2)
    after_the_kill = bench.predict()
    bench.train()
    assert bench.predict() == after_the_kill


def test_of_two_trainings_at_once_the_second_is_refused(bench: Bench) -> None:
    signed = bench.files.sign(bench.train_in_memory())
    other = ModelPaths(bench.paths.model.with_name("other.pkl"), bench.paths.encoder)
    with bench.files.replacing(other, signed), pytest.raises(AlreadyRunningError) as refused:
        bench.train()
    assert refused.value.status == 409
    bench.train()
    bench.predict()


class KeptRecord:
    """Registers versions, as MLflow does."""

    def __init__(self) -> None:
        self.versions = 0

    def record_training(self, *_: object) -> str:
        self.versions += 1
        return str(self.versions)


@pytest.mark.parametrize("part", ["model", "encoder"])
def test_nothing_is_registered_where_the_files_cannot_be_written(bench: Bench, part: str) -> None:
    getattr(bench.paths, part).mkdir(parents=True)
    record: Any = KeptRecord()
    with pytest.raises(FileNotWrittenError):
        models(bench.data, bench.paths, bench.files, record, bench.log).train()
    assert record.versions == 0


def test_a_full_disk_registers_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    record: Any = KeptRecord()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FileNotWrittenError, match="the disk is full"):
        models(bench.data, bench.paths, bench.files, record, bench.log).train()
    assert record.versions == 0
