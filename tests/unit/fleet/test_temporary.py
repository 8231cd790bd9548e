"""What a killed process leaves in the temporary folder is cleared away; what is in use is not."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from fleet.temporary import clear_abandoned, temporary_folder

KILLED = """
import os, signal
from fleet.temporary import temporary_folder
with temporary_folder("killed") as folder:
    (folder / "left").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def age(folder: Path) -> None:
    os.utime(folder, times=(time.time() - 3600, time.time() - 3600))


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(folder)}, check=False, timeout=280
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = folder.iterdir()
    clear_abandoned()
    assert left.exists(), "it may just be being made"
    age(left)
    clear_abandoned()
    assert not left.exists()


def test_what_is_in_use_or_of_others_stays(folder: Path) -> None:
    others = folder / "mlfleet-of-others"
    others.mkdir()
    link = folder / "mlfleet-held-link"
    link.symlink_to(others)
    age(others)
    with temporary_folder("used") as used:
        (used / "file").touch()
        age(used)
        clear_abandoned()
        assert (used / "file").exists()
    assert not used.exists()
    assert others.is_dir()
    assert link.is_symlink()
