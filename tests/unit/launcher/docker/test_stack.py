"""What the table shows of containers."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from launcher.docker.project import Project
from launcher.docker.stack import ComposeStack
from launcher.interrupts import Interrupts
from launcher.settings import LauncherSettings
from launcher.stack import PARTS
from tests.unit.launcher.docker.test_containers import READY

CONFIG = {"services": {"tracking": {"ports": [{"host_ip": "127.0.0.1", "published": "5002"}]}}}


def test_every_part_is_shown_and_what_profiles_add_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    grafana = replace(READY, id="2", service="grafana", status="exited", exit_code=1)
    migrate = replace(READY, id="3", service="migrate", status="exited")
    containers = {each.id: each for each in (READY, grafana, migrate)}
    monkeypatch.setattr(Project, "containers", lambda self: containers)
    monkeypatch.setattr(Project, "config", lambda self: CONFIG)
    monkeypatch.setattr(Project, "memory", lambda self, ids: dict.fromkeys(ids, "9 MiB"))
    settings = LauncherSettings.from_environment({})
    stack = ComposeStack(settings, {}, Console(file=io.StringIO()), Interrupts())

    found = {each.name: each for each in stack.conditions()}

    assert list(found) == [*PARTS, "grafana"]
    assert {name: each.state for name, each in found.items() if each.state != "stopped"} == {
        "tracking": "ready",
        "grafana": "died",
    }
    shown = found["tracking"]
    assert (shown.address, shown.pid, shown.memory) == ("http://127.0.0.1:5002/root/tracking", 7, "9 MiB")
    assert shown.minutes is not None
    assert (found["grafana"].pid, found["postgres"].address) == (None, "in its network only")
