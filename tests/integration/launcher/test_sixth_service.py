"""A service of the user's own: its folder, and a line in fleet/services.py."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from fleet.services import SERVICES
from tests.conftest import free_port
from tests.running import PROJECT

pytestmark = pytest.mark.slow

LINE = '    Service("sixth", 5005, "/root/sixth", works=True),\n'
PROGRAM = """
import sys
import time

from fleet.settings import ServiceSettings
from fleet.web.app import add_routes, make_app
from fleet.web.server import serve

class SixthSettings(ServiceSettings, env_prefix="SIXTH_"):
    service_url: str = "/sixth"

def create_app():
    app = make_app("sixth", settings := SixthSettings())
    add_routes(app, [], prefixes=[settings.path], ready=lambda: None)
    app.add_url_rule(settings.path, view_func=lambda: {"sense": 6})
    return app

if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        print("at work", flush=True)
        time.sleep(600)
    serve("sixth.__main__:create_app", SixthSettings)
"""
OTHERS = re.compile(r'^    Service\("(?!sixth").*\n', re.MULTILINE)


class Tree:
    """A copy of the project with one more service, and a stack of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("client", "db", "fleet", "launcher", "mlflow_server"):
            shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "sixth").mkdir()
        (folder / "sixth" / "__init__.py").touch()
        (folder / "sixth" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
        self.list = folder / "fleet" / "services.py"
        head, bracket, rest = self.list.read_text(encoding="utf-8").partition("SERVICES = (\n")
        self.list.write_text(f"{head}{bracket}{LINE}{rest}", encoding="utf-8")
        settings = ("MLFLEET_POSTGRES_PORT", "MLFLEET_MLFLOW_PORT", "SIXTH_PORT")
        self.environment = {name: str(free_port()) for name in settings}

    def launch(self, *arguments: str) -> str:
        """What a command says; its exit status stands first."""
        done = subprocess.run(
            [sys.executable, "-m", "launcher", "--local", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment, "MLFLEET_STATE_DIR": "", "MLFLEET_POSTGRES_URL": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=280,
        )
        return f"{done.returncode} {done.stdout}"


def check_that_its_worker_is_started_again(tree: Tree, status: str) -> None:
    pid = re.findall(r"sixth_worker +ready +(\d+)", status)
    psutil.Process(int(*pid)).kill()
    deadline = time.monotonic() + 30
    while (again := re.findall(r"sixth_worker +ready +(\d+)", tree.launch("status"))) in ([], pid):
        assert time.monotonic() < deadline, again
    assert tree.launch("logs", "sixth_worker").count("at work") == 2
    assert "sixth_worker had died and was started again" in tree.launch("logs", "supervisor")


def test_a_sixth_service_is_its_folder_and_a_line(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    told = tree.launch("logs", "nothing")
    assert f"mlflow, sixth, {', '.join(service.name for service in SERVICES)}" in told
    # What is started are those that are listed: the others would only cost time.
    tree.list.write_text(OTHERS.sub("", tree.list.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        started = tree.launch("up")
        assert started.startswith("0 "), started
        address = f"http://127.0.0.1:{tree.environment['SIXTH_PORT']}"
        assert requests.get(f"{address}/health/ready", timeout=10).status_code == 200
        assert requests.get(f"{address}/root/sixth", timeout=10).json() == {"sense": 6}
        status = tree.launch("status")
        assert re.search(rf"sixth +ready +{address}/root/sixth", status), status
        assert status.startswith("0 ")
        check_that_its_worker_is_started_again(tree, status)
        assert [name for name in ("simulator", "tracking") if name in status] == []
    finally:
        stopped = tree.launch("down")
    assert stopped == "0 Stopped mlflow, sixth, sixth_worker, postgres.\n"
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=10)
