"""From raw records to a prediction: curl lines of the guide, the script that walks the API, the commands."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fire_brigade.service.generate_records import generate_records
from tests.accounts import PASSWORDS
from tests.architecture.project import PROJECT
from tests.integration.fire_brigade.conftest import FireBrigade, running_brigade, settings_of

INCIDENTS = 2000
SCRIPT = PROJECT / "fire_brigade" / "scripts" / "tests_api.sh"
# The requests that people have in their notes, in an order that makes sense. {address}: of the service.
ACCEPT = "-H 'accept: application/json'"
EVERYTHING = "incident=true&mobilisation=true&convert_to_pickle=true"
CURLS = [
    "curl -X GET {address}/process_data?incident=true -H 'accept: application/json'",
    f"curl -X GET '{{address}}/process_data?{EVERYTHING}' {ACCEPT}",
    "curl -X GET {address}/build_features -H 'accept: application/json'",
    "curl -X POST {address}/train_model -H 'Content-Type: application/json' -d '{body}'",
    "curl -X GET '{address}/predict?distance=5.2&station=Acton' -H 'accept: application/json'",
]
BODY = (
    '{"data_path": "./data/global_data.csv", "ml_model_path": "./models/linear_regression_model.pkl",'
    ' "encoder_path": "./models/onehot_encoder.pkl"}'
)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings that name made-up workbooks."""
    files = generate_records(tmp_path_factory.mktemp("made"), INCIDENTS)
    return {"url_incident": files.incidents.as_uri(), "url_mobilisation": files.mobilisations.as_uri()}


@pytest.fixture
def fresh(tmp_path: Path, made: dict[str, str], database_url: str) -> Iterator[FireBrigade]:
    """A service that has nothing yet."""
    with running_brigade(tmp_path, settings_of(tmp_path, **made, database_url=database_url)) as brigade:
        yield brigade


def curl(line: str, address: str, *credentials: str) -> tuple[int, str]:
    """Status and body."""
    asked = line.replace("{address}", address).replace("{body}", BODY)
    words = ["-s", "-w", "\n%{http_code}", *credentials]
    done = subprocess.run(
        ["sh", "-c", f'{asked} "$@"', "sh", *words], capture_output=True, text=True, check=True, timeout=280
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@needs_curl
def test_every_curl_line_of_the_guide_works_with_credentials_and_not_without(fresh: FireBrigade) -> None:
    for line in CURLS:
        assert curl(line, fresh.address)[0] == 401, line
        status, body = curl(line, fresh.address, "-u", f"alice:{PASSWORDS['alice']}")
        assert status == (202 if "process_data" in line else 200), (line, body)
        job = re.search(r'"job_id": "(\w+)"', body)
        if job:
            ended = fresh.end_of(job[1])
            assert ended["status"] == "succeeded", ended
            assert ended["result"]["incident"]["rows"] == INCIDENTS
    assert {path.suffix for path in (fresh.folder / "data").glob("incident_data.*")} == {
        ".csv",
        ".pkl",
        ".parquet",
    }
    assert '"predicted_attendance_time": ' in body
    counted = fresh.call("/build_features").json()["counts"]
    assert counted["mobilisation_rows"] > counted["feature_rows"] > 0


@needs_curl
def test_the_script_walks_the_api_and_fails_on_a_wrong_status(fresh: FireBrigade) -> None:
    told = {"FIRE_BRIGADE_URL": fresh.address, "FIRE_BRIGADE_USER": "alice"}

    def walk(password: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **told, "FIRE_BRIGADE_PASSWORD": password}
        return subprocess.run(
            [SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=280
        )

    walked = walk(PASSWORDS["alice"])
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert walked.stdout.splitlines()[-1] == "All answers are as they should be."
    assert walked.stdout.count("ok ") > 20
    refused = walk("wrong")
    assert refused.returncode == 1
    assert "401 instead of 202" in refused.stderr


def run(folder: Path, made: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    told = {f"FIRE_BRIGADE_{name.upper()}": value for name, value in settings_of(folder, **made).items()}
    return subprocess.run(
        [sys.executable, "-m", "fire_brigade", *arguments],
        cwd=PROJECT,
        env={**os.environ, "COLUMNS": "200", **told},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_the_commands_go_the_same_way(tmp_path: Path, made: dict[str, str]) -> None:
    commands = [
        ("process-data", "--type", "incident"),
        ("process_data", "--type", "mobilisation", "--convert-to-pickle"),
        ("build-features",),
        ("train-model", "--data_path", str(tmp_path / "data" / "global_data.csv")),
        ("eval-model",),
        ("predict-model", "--distance", "5.2", "--station", "Acton"),
    ]
    for command in commands:
        done = run(tmp_path, made, *command)
        assert done.returncode == 0, (command, done.stdout + done.stderr)
    assert re.fullmatch(r"Predicted attendance time: \d+\.\d+ seconds\n", done.stdout)
    assert (tmp_path / "models" / "evaluation" / "residuals.png").is_file()
    assert (tmp_path / "data" / "mobilisation_data.pkl").is_file()
    assert not (tmp_path / "data" / "incident_data.pkl").exists()


def test_both_spellings_of_an_option_are_taken(tmp_path: Path, made: dict[str, str]) -> None:
    help_text = run(tmp_path, made, "train-model", "--help").stdout
    for option in ("--data_path", "--data-path", "--model_path", "--ml_model_path", "--encoder_path"):
        assert option in help_text
    for spelling in ("--ml_model_path", "--ml-model-path", "--model-path"):
        done = run(tmp_path, made, "train-model", spelling, "x.pkl", "--data-path", "/path/to/data.csv")
        assert (done.returncode, "data.csv is not there" in done.stderr) == (1, True)


def test_what_goes_wrong_is_told_in_sentences_with_a_status(tmp_path: Path, made: dict[str, str]) -> None:
    failed = run(tmp_path, made, "predict-model", "--distance", "5.2", "--station", "Acton")
    assert failed.returncode == 1
    assert "Error: The file linear_regression_model.pkl is not there" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert failed.stdout == ""
    unset = run(tmp_path, {**made, "years": "soon"}, "build-features")
    assert unset.returncode == 1
    assert "FIRE_BRIGADE_YEARS" in unset.stderr
    assert run(tmp_path, made, "predict-model", "--distance", "x", "--station", "Acton").returncode == 2
