"""The fire brigade's service, as a process of its own, with folders of the test's own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from fire_brigade.config.settings import FireBrigadeSettings
from tests.accounts import PASSWORDS, USERS
from tests.fire_brigade_features import write_features
from tests.running import RunningService, running_service
from tests.working import working

ARTIFACT_KEY = "a key for the tests"
USER_LINES = "\n".join(f"{user.name}:{user.role}:{user.password_hash}" for user in USERS)


@dataclass
class FireBrigade:
    """A service that runs. folder: holds data, models and logs."""

    folder: Path
    service: RunningService

    @property
    def address(self) -> str:
        return self.service.address

    def call(self, path: str, method: str = "GET", name: str = "alice", **more: Any) -> requests.Response:
        """By alice, an admin, or bob, a user."""
        credentials = (name, PASSWORDS[name])
        return requests.request(method, self.address + path, auth=credentials, timeout=60, **more)

    def end_of(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended."""
        deadline = time.monotonic() + 60
        while (job := self.call(f"/jobs/{job_id}").json())["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        return dict(job)

    def log(self, module: str) -> str:
        return (self.folder / "logs" / f"{module}.log").read_text(encoding="utf-8")


def settings_of(folder: Path, **more: str) -> dict[str, Any]:
    """The service's settings, without the prefix."""
    return {
        "chemin_data": str(folder / "data"),
        "chemin_data_ref": str(folder / "data" / "ref"),
        "chemin_model": str(folder / "models"),
        "log_directory": str(folder / "logs"),
        "url_incident": (folder / "nowhere.csv").as_uri(),
        "url_mobilisation": (folder / "nowhere.csv").as_uri(),
        "artifact_key": ARTIFACT_KEY,
        "first_users": USER_LINES,
        **more,
    }


@contextmanager
def running_brigade(folder: Path, settings: dict[str, Any]) -> Iterator[FireBrigade]:
    """The service, and what works for it, until the block ends."""
    with (
        working("fire_brigade", FireBrigadeSettings(**settings)),
        running_service("fire_brigade", folder, **settings) as service,
    ):
        yield FireBrigade(folder, service)


@pytest.fixture
def brigade(tmp_path: Path, database_url: str) -> Iterator[FireBrigade]:
    """With features, and without a model."""
    write_features(tmp_path / "data" / "global_data.csv")
    settings = settings_of(tmp_path, auth="off", database_url=database_url)
    with running_brigade(tmp_path, settings) as brigade:
        yield brigade
