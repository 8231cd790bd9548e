import fcntl
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from launcher.interrupts import Interrupts
from launcher.local.stack import LocalStack
from launcher.purge import Doomed
from launcher.settings import LauncherSettings


def test_nobody_can_start_the_stack_while_its_data_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = LauncherSettings.from_environment({"MLFLEET_STATE_DIR": str(tmp_path)})
    stack = LocalStack(settings, {}, Console(file=io.StringIO()), Interrupts())
    refused = []

    def delete(names: Iterable[str]) -> None:
        with (tmp_path / "lock").open("w") as lock, pytest.raises(BlockingIOError) as refusal:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        refused.append((list(names), refusal.value))

    monkeypatch.setattr("launcher.local.stack.delete_paths", delete)
    stack.down([Doomed("logs", "the logs")])

    assert [names for names, _ in refused] == [["logs"]]
