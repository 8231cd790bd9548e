"""A real `mlflow server` for tests and benchmarks: lean, on a free port, its artifacts proxied."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import requests

from tests.conftest import free_port

START_SECONDS = 90
STOP_SECONDS = 15


class MlflowNotStartedError(RuntimeError):
    """The server did not become healthy in time; carries the end of its log."""


@dataclass
class MlflowServer:
    """One `mlflow server` that can be stopped and started again on the same port and data.

    backend: SQLAlchemy URL of the database it keeps runs in.
    folder: where it keeps artifacts and its log.
    """

    backend: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "mlflow.log"

    def start(self) -> "MlflowServer":
        """Returns when the server answers; raises MlflowNotStartedError when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise MlflowNotStartedError(self.log.read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """Stops the whole group: the server's helpers outlive a signal to their parent by seconds."""
        if self.process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self.process = None

    def kill(self) -> None:
        """End the whole group without warning."""
        assert self.process is not None
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return  # every process of the group has ended already

    def _healthy(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=1).ok
        except requests.RequestException:
            return False

    def _command(self) -> list[str]:
        options = {
            "--backend-store-uri": self.backend,
            "--artifacts-destination": str(self.folder / "artifacts"),
            "--host": "127.0.0.1",
            "--port": str(self.port),
            "--workers": "1",
        }
        return [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            *(word for pair in options.items() for word in pair),
        ]

    def _environment(self) -> dict[str, str]:
        lean = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        return {**os.environ, **lean}


@contextmanager
def mlflow_at(url: str) -> Iterator[None]:
    """MLflow's own functions talk to this server inside the block, and to none afterwards.

    They keep the address for the whole process, and tell every process that is started from it.
    """
    mlflow.set_tracking_uri(url)
    mlflow.set_registry_uri(url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        os.environ.pop("MLFLOW_REGISTRY_URI", None)
