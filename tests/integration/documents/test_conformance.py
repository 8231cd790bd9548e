"""The services do what their documents say, whatever they are sent: Schemathesis makes the requests up."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.accounts import basic
from tests.integration.documents.conformance import check_document
from tests.integration.documents.conftest import Fleet
from tests.mlflow_server import MlflowServer

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "10"))  # for each operation; by hand, hundreds
LEAST_CASES = 100

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 10 * EXAMPLES)]


def check(address: str, folder: Path, headers: Mapping[str, str] | None = None) -> None:
    finding = check_document(address, folder, examples=EXAMPLES, headers=headers)
    print(f"{finding.cases} cases")  # noqa: T201
    assert finding.passed, finding.output
    assert finding.cases >= LEAST_CASES


def test_simulator_does_what_its_document_says(fleet: Fleet, tmp_path: Path) -> None:
    check(fleet.simulator(), tmp_path)


def test_ml_model_does_what_its_document_says(fleet: Fleet, tmp_path: Path) -> None:
    check(fleet.ml_model(), tmp_path)


def test_monitoring_does_what_its_document_says(fleet: Fleet, tmp_path: Path) -> None:
    check(fleet.monitoring(), tmp_path)


def test_tracking_does_what_its_document_says(
    fleet: Fleet, tmp_path: Path, mlflow_server: MlflowServer
) -> None:
    check(fleet.tracking(mlflow_server), tmp_path)


def test_fire_brigade_does_what_its_document_says(fleet: Fleet, tmp_path: Path) -> None:
    check(fleet.fire_brigade(), tmp_path, basic("alice"))
