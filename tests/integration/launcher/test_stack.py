import fcntl
import io
from pathlib import Path

import pytest
from rich.console import Console

from launcher.interrupts import Interrupts
from launcher.settings import LauncherSettings
from launcher.stack import Stack


def test_nobody_can_start_the_stack_while_its_data_is_deleted(tmp_path: Path) -> None:
    settings = LauncherSettings.from_environment({"MLFLEET_STATE_DIR": str(tmp_path)})
    stack = Stack(settings, {}, Console(file=io.StringIO()), Interrupts())
    refused = []

    def delete() -> None:
        with (tmp_path / "lock").open("w") as lock, pytest.raises(BlockingIOError) as refusal:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        refused.append(refusal.value)

    stack.down(then=delete)

    assert len(refused) == 1
