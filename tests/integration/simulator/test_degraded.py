"""A use case that cannot be used: it is named, and the others are played."""

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.conftest import Sessions

PATH = "/root/simulator"
SHIPPED = SimulatorSettings().use_cases_dir


def simulator(database_url: str, folder: Path) -> FlaskClient:
    settings = SimulatorSettings(database_url=SecretStr(database_url), use_cases_dir=folder)
    return create_app(settings).test_client()


def degraded(client: FlaskClient) -> dict[str, str]:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json is not None
    found = dict(answer.json.get("degraded", {}))
    assert "worker" in found.pop("jobs"), "none is running"
    return found


def loads_wine(client: FlaskClient) -> bool:
    return client.post(PATH, json={"set_name": "training"}).status_code == 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "use_cases"))


@pytest.mark.parametrize("content", [b"name: [", b"\xff\xfe\x00", (SHIPPED / "wine.yml").read_bytes()])
def test_a_broken_definition_file_is_named(database_url: str, folder: Path, content: bytes) -> None:
    (folder / "xylophone.yml").write_bytes(content)
    client = simulator(database_url, folder)
    assert list(degraded(client)) == ["xylophone"]
    assert loads_wine(client)
    answer = client.post(PATH, json={"set_name": "training", "use_case": "xylophone"})
    assert answer.status_code == 409
    assert "xylophone.yml" in answer.get_json()["error"]
    assert client.get(f"{PATH}/use_cases").status_code == 200


def test_a_definition_that_was_changed_is_named(database_url: str, folder: Path) -> None:
    assert degraded(simulator(database_url, folder)) == {}
    wine = (folder / "wine.yml").read_text(encoding="utf-8")
    (folder / "other.yml").write_text(wine.replace("name: wine", "name: other"), encoding="utf-8")
    assert degraded(simulator(database_url, folder)) == {}
    changed = wine.replace("name: wine", "name: other").replace("alcohol", "spirit")
    (folder / "other.yml").write_text(changed, encoding="utf-8")
    client = simulator(database_url, folder)
    assert list(degraded(client)) == ["other"]
    assert loads_wine(client)


def test_an_upload_that_cannot_be_read_any_more_is_named(
    database_url: str, folder: Path, sessions: Sessions
) -> None:
    assert degraded(simulator(database_url, folder)) == {}
    with sessions() as session:
        session.execute(text("UPDATE use_cases SET uploaded = '{\"name\": \"wine\"}' WHERE name = 'wine'"))
        session.commit()
    (folder / "wine.yml").unlink()
    (folder / "tea.yml").write_text(
        "name: tea\ntask: regression\ntarget: heat\nfeatures: [{name: leaves}]\n"
        "source: {kind: synthetic, rows: 100}\n",
        encoding="utf-8",
    )
    client = simulator(database_url, folder)
    assert list(degraded(client)) == ["wine"]
    assert client.get(f"{PATH}/use_cases").status_code == 200
    assert client.post(PATH, json={"set_name": "training", "use_case": "wine"}).status_code == 409
