"""The demo on a fleet that asks for credentials."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_the_demo_walks_a_fleet_that_asks_for_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(tmp_path / "state")
    key = stack.launch("key", "add", "robot", "--role", "admin").stdout.strip()
    assert key
    try:
        refused = stack.launch("demo")
        assert refused.returncode == 1
        assert "was answered 401: Invalid credentials" in refused.stderr
        assert "MLFLEET_API_KEY" in refused.stderr
        file = tmp_path / "key"
        file.write_text(f"{key}\n", encoding="ascii")
        monkeypatch.setenv("MLFLEET_API_KEY_FILE", str(file))
        done = stack.launch("demo")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "a loop has begun" in done.stdout
        assert key not in done.stdout + done.stderr
    finally:
        stopped = stack.launch("down", "--purge", "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
