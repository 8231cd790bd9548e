"""Streams of the simulator to a real ml_model, as tests ask for them and see them arrive."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import requests
from flask.testing import FlaskClient

from tests.accounts import API_KEYS, KEYS
from tests.running import RunningService

PATH = "/root/simulator"
LATER = {"Prefer": "respond-async"}
LIVE = "origin = 'live'"
SETS = ("training", "testing", "production")
ML_MODEL = {
    "artifact_key": "a key for the tests",
    "auth": "on",
    "api_keys": "\n".join(f"{key.name}:{key.role}:{key.digest}" for key in API_KEYS),
}
ARRIVED = f"SELECT count(*), count(DISTINCT sample_index) FROM wine.samples WHERE {LIVE}"  # noqa: S608

Rows = Callable[[str], list[tuple[object, ...]]]


@dataclass
class Streaming:
    """The simulator's web, and what ml_model is asked by hand."""

    client: FlaskClient
    ml_model: RunningService
    rows: Rows

    def train(self, use_case: str = "wine", model: str = "LogisticRegression") -> None:
        for name in SETS:
            told = {"set_name": name, "use_case": use_case}
            assert self.client.post(PATH, json=told).status_code == 200
        for path, body in (("/set_model", {"model_name": model}), ("", {"dataset": "training"})):
            self.ask(path, {**body, "use_case": use_case})

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {KEYS['robot']}"}
        answer = requests.post(
            f"{self.ml_model.address}/root/ml{path}", json=body, headers=headers, timeout=60
        )
        assert answer.ok, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def stream(self, **asked: Any) -> dict[str, Any]:
        """What a stream is answered that is waited for."""
        answer = self.client.post(f"{PATH}/stream", json=asked)
        assert answer.status_code == 200, answer.json
        return dict(answer.json or {})

    def begin(self, **asked: Any) -> str:
        answer = self.client.post(f"{PATH}/stream", json=asked, headers=LATER)
        assert answer.status_code == 202, answer.json
        return str((answer.json or {})["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"{PATH}/jobs/{job_id}").json or {})

    def end(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (job := self.job(job_id))["status"] in ("queued", "running"):
            assert time.monotonic() < deadline, job
            time.sleep(0.2)
        return job

    def arrived(self) -> int:
        """Live rows; none is there twice."""
        ((count, distinct),) = self.rows(ARRIVED)
        assert count == distinct
        return int(str(count))

    def live(self, *columns: str, use_case: str = "wine") -> npt.NDArray[Any]:
        """Columns of the live rows that are stored by now, in order."""
        listed = ", ".join(f'"{column}"' for column in columns)
        query = f"SELECT {listed} FROM {use_case}.samples WHERE {LIVE} ORDER BY sample_index"  # noqa: S608
        return np.array(self.rows(query))


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
