"""How fast one wine row a request is answered, beside other servers of the same model.

    python -m tests.benchmarks.serving [--seconds 10] [--model LogisticRegression] [--peers fastapi mlflow]

Starts a PostgreSQL, a simulator and an ml_model of its own, with everything on that it has: storing, metrics,
request ids, logs. Then a bare Flask app on the same server, and each peer in a virtual environment of its
own, which is made for it: one worker each, 16 connections. Also what a training does to those who ask
meanwhile. Prints one Markdown table.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import requests
import yaml
from sklearn.datasets import load_wine

from fleet.catalogue import CATALOGUE, build_pipeline
from tests.benchmarks.load import Load, put_load
from tests.benchmarks.load_and_score import definition, post
from tests.conftest import free_port
from tests.running import RunningService, running_database, running_service

START_S = 180
LARGE = 166_667  # rows of all three sets, so that 100 000 are for training
NAMES = [name.replace("/", "__") for name in load_wine().feature_names]
ROW = load_wine().data[0].tolist()
BODY = json.dumps({"dataframe_split": {"columns": NAMES, "data": [ROW]}}).encode()
HELLO = """
from flask import Flask
from fleet.settings import ServiceSettings
from fleet.web.front import Front
from fleet.web.shared_counters import COUNTING, REFUSALS
app = Flask("hello")
@app.get("/")
def hello():
    return "hello"
app.extensions |= {COUNTING: None, REFUSALS: None}
front = Front(app, ServiceSettings(port=5000, service_url="/hello"))
"""
# What granian is told for the app alone, and for the app behind what a service of the fleet has before it.
HELLOS = {
    "bare Flask hello, granian alone": ["--interface", "wsgi", "--blocking-threads", "1", "hello:app"],
    "bare Flask hello, the fleet's server": ["--interface", "rsgi", "--loop", "uvloop", "hello:front"],
}
FASTAPI = """
import joblib, pandas
from fastapi import FastAPI, Request
app = FastAPI()
model = joblib.load("model.joblib")
@app.post("/predict")
async def predict(request: Request):
    split = (await request.json())["dataframe_split"]
    frame = pandas.DataFrame(split["data"], columns=split["columns"])
    return {"predictions": model.predict(frame).tolist()}
"""
BENTOML = """
import bentoml, joblib, pandas
@bentoml.service(workers=1)
class Wine:
    def __init__(self):
        self.model = joblib.load("model.joblib")
    @bentoml.api
    def predict(self, dataframe_split: dict) -> dict:
        frame = pandas.DataFrame(dataframe_split["data"], columns=dataframe_split["columns"])
        return {"predictions": self.model.predict(frame).tolist()}
"""
MLFLOW = """
import joblib, mlflow.sklearn
mlflow.sklearn.save_model(joblib.load("model.joblib"), "model", serialization_format="cloudpickle")
"""
MLFLOW_SERVE = ["mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-p", "{port}"]
# Packages, a program, whether it is run before, the command that serves, and the path; all take BODY.
PEERS: dict[str, tuple[list[str], str, bool, list[str], str]] = {
    "fastapi": (
        ["fastapi", "uvicorn[standard]", "pandas"],
        FASTAPI,
        False,
        ["uvicorn", "peer:app", "--port", "{port}", "--no-access-log"],
        "/predict",
    ),
    "bentoml": (
        ["bentoml", "pandas"],
        BENTOML,
        False,
        ["bentoml", "serve", "peer:Wine", "-p", "{port}"],
        "/predict",
    ),
    "mlflow": (["mlflow", "pandas<3"], MLFLOW, True, MLFLOW_SERVE, "/invocations"),
}


@contextmanager
def running_peer(name: str, folder: Path, model: str) -> Iterator[str]:
    """The address of a peer that answers BODY, in an environment of its own."""
    packages, program, runs_before, command, path = PEERS[name]
    home = folder / name
    home.mkdir()
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True, timeout=3600)
    versions = [f"scikit-learn=={_version('scikit-learn')}", f"joblib=={_version('joblib')}"]
    bin_folder = home / "venv" / "bin"
    subprocess.run([bin_folder / "pip", "install", "-q", *packages, *versions], check=True, timeout=3600)
    wine = load_wine()
    joblib.dump(build_pipeline(model, {}, classes=3).fit(wine.data, wine.target), home / "model.joblib")
    # The pipeline has only estimators of scikit-learn in it: no code of ours is needed to open it.
    (home / "peer.py").write_text(program, encoding="utf-8")
    if runs_before:
        subprocess.run([bin_folder / "python", "peer.py"], cwd=home, check=True, timeout=3600)
    port = free_port()
    # As if the environment were activated: peers start programs of it by name.
    told = ["env", f"PATH={bin_folder}:{os.environ['PATH']}", *(part.format(port=port) for part in command)]
    with serving(told, home, f"http://127.0.0.1:{port}{path}", BODY) as url:
        yield url


@contextmanager
def running_hello(options: list[str], folder: Path) -> Iterator[str]:
    """The address of a Flask app that does nothing."""
    (folder / "hello.py").write_text(HELLO, encoding="utf-8")
    port = free_port()
    # Its folder is not the project's: `env` makes the fleet's packages known there.
    command = ["env", f"PYTHONPATH={Path.cwd()}", sys.executable, "-m", "granian", "--no-ws"]
    with serving([*command, "--port", str(port), *options], folder, f"http://127.0.0.1:{port}/", None) as url:
        yield url


@contextmanager
def serving(command: list[str], folder: Path, url: str, body: bytes | None) -> Iterator[str]:
    """The command, from when it answers until the block ends."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            _wait(url, body, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, body: bytes | None, log: Path) -> None:
    deadline = time.monotonic() + START_S
    headers = {"Content-Type": "application/json"}
    while time.monotonic() < deadline:
        try:
            if requests.request("POST" if body else "GET", url, data=body, headers=headers, timeout=30).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _version(package: str) -> str:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "show", package],
        capture_output=True,
        text=True,
        check=True,
        timeout=3600,
    )
    return next(line[9:] for line in listed.stdout.splitlines() if line.startswith("Version: "))


def measured(url: str, seconds: float, body: bytes | None = BODY) -> Load:
    """After a second of warming up."""
    put_load(url, body, seconds=1)
    load = put_load(url, body, seconds=seconds)
    if load.failures:
        raise RuntimeError(f"{url}: {load.failures} requests failed")
    return load


def measure_fleet(ml_model: RunningService, model: str, seconds: float) -> dict[str, Load]:
    """ml_model in peace, and while a forest is trained on 100 000 rows."""
    base = f"{ml_model.address}/root/ml"
    for use_case in ("wine", "large"):
        chosen: dict[str, Any] = {"model_name": model if use_case == "wine" else "RandomForest"}
        post(f"{base}/set_model", {**chosen, "use_case": use_case})
    post(base, {"dataset": "training"})
    found = {"ml_model": measured(f"{base}/predict", seconds)}
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(post, base, {"dataset": "training", "use_case": "large"})
        time.sleep(2)
        found["ml_model, while a forest trains"] = measured(f"{base}/predict", seconds)
        if training.done():
            raise RuntimeError("the training ended too early: ask for fewer seconds")
    return found


def measure(model: str, seconds: float, peers: list[str], folder: Path) -> dict[str, Load]:
    """Everything, one after the other."""
    use_cases = folder / "use_cases"
    use_cases.mkdir()
    described = yaml.safe_dump(definition("large", LARGE))
    (use_cases / "large.yml").write_text(described, encoding="utf-8")
    found: dict[str, Load] = {}
    with running_database(folder) as url:
        told: dict[str, Any] = {"database_url": url}
        with running_service("simulator", folder, **told) as simulator:
            post(f"{simulator.address}/root/simulator", {"set_name": "training"})
        with running_service("simulator", folder, **told, use_cases_dir=str(use_cases)) as simulator:
            post(f"{simulator.address}/root/simulator", {"set_name": "training", "use_case": "large"})
        with running_service("ml_model", folder, **told, artifact_key=secrets.token_hex(16)) as ml_model:
            found |= measure_fleet(ml_model, model, seconds)
    for name, options in HELLOS.items():
        with running_hello(options, folder) as url:
            found[name] = measured(url, seconds, None)
    for name in peers:
        with running_peer(name, folder, model) as url:
            found[name] = measured(url, seconds)
    return found


def table(found: dict[str, Load]) -> str:
    """As Markdown."""
    ours = found["ml_model"].rate
    lines = ["| | requests/s | p50 ms | p99 ms | ml_model is |", "|---|--:|--:|--:|--:|"]
    for name, load in found.items():
        lines.append(
            f"| {name} | {load.rate:.0f} | {load.percentile(0.5):.1f} | {load.percentile(0.99):.1f} "
            f"| {ours / load.rate:.2f} x |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="of load on each")
    parser.add_argument("--model", choices=list(CATALOGUE), default="LogisticRegression")
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(table(measure(asked.model, asked.seconds, asked.peers, Path(folder))))  # noqa: T201


if __name__ == "__main__":
    main()
