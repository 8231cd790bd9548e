"""What is live is looked at by its version: cheap while nothing changes, and at once where something does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import Engine, event, text

from db.use_cases import UnknownUseCaseError
from fleet.errors import UnavailableError
from ml_model.config.settings import MlModelSettings
from ml_model.service.live.models import UNKNOWN_S, LiveModels
from ml_model.service.live.open_models import OpenModels
from ml_model.web.app import LIVE, create_app
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import KEY, Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import PREDICT, WINE, columns

MORE = (
    "INSERT INTO use_cases (name, task, target, features) SELECT :name, task, target, features FROM use_cases"
)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that this process sends to any database until the block ends."""
    sent: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@pytest.fixture
def models(app: Flask) -> LiveModels:
    found: LiveModels = app.extensions[LIVE].models
    found.refresh()
    return found


@pytest.fixture
def change(sessions: Sessions) -> Callable[..., None]:
    """Changes the database behind the service's back, as another process does."""

    def execute(statement: str, **values: Any) -> None:
        with sessions() as session:
            session.execute(text(statement), values)
            session.commit()

    return execute


def ask(client: FlaskClient, name: str = "wine") -> Any:
    return client.post(PREDICT, json={**columns(WINE[:1]), "use_case": name})


def test_a_look_at_what_has_not_changed_is_one_statement_however_many_use_cases(
    models: LiveModels, change: Callable[..., None]
) -> None:
    for number in range(20):
        change(f"{MORE} WHERE name = 'wine'", name=f"wine_{number}")
    models.refresh()
    assert models.known("wine_19") is not None
    with counted() as sent:
        for _ in range(10):
            models.refresh()
    assert len(sent) == 10


def test_a_thousand_requests_for_an_unknown_name_are_a_handful_of_statements(client: FlaskClient) -> None:
    assert ask(client, "tea").status_code == 404
    began = time.monotonic()
    with counted() as sent:
        assert {ask(client, "tea").status_code for _ in range(1000)} == {404}
    assert len(sent) <= 2 + (time.monotonic() - began) / UNKNOWN_S


def test_many_unknown_names_are_forgotten_and_a_new_use_case_is_found(
    client: FlaskClient, models: LiveModels, change: Callable[..., None]
) -> None:
    for number in range(1200):
        with pytest.raises(UnknownUseCaseError, match="There is no use case"):
            models.find(f"none_{number}")
    change(f"{MORE} WHERE name = 'wine'", name="never_asked")
    assert models.find("never_asked").use_case.name == "never_asked"
    assert ask(client, "late").status_code == 404
    change(f"{MORE} WHERE name = 'wine'", name="late")
    models.refresh()  # as the watcher does
    assert ask(client, "late").status_code == 409


def test_every_change_of_another_process_is_seen_by_the_next_look(
    client: FlaskClient, load: Load, database_url: str, models: LiveModels
) -> None:
    load("training")
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY))
    other = create_app(settings)
    theirs: LiveModels = other.extensions[LIVE].models
    first, second = deploy(client, "SVC"), deploy(client, "LogisticRegression")

    def seen() -> list[tuple[str, int]]:
        theirs.refresh()
        return [(role.role, role.deployment_id) for role in theirs.find("wine").roles]

    assert seen() == [("active", second)]
    canary = f"/root/ml/deployments/{first}/role"
    assert client.post(canary, json={"role": "canary", "share": 0.1}).status_code == 200
    assert seen() == [("active", second), ("canary", first)]
    assert client.delete(canary).status_code == 200
    assert seen() == [("active", second)]
    assert client.post("/root/ml/rollback", json={}).get_json()["deployment_id"] == first
    assert ask(client).get_json()["deployment_id"] == first
    assert seen() == [("active", first)]


def test_a_change_that_could_not_be_taken_in_is_looked_at_again(
    client: FlaskClient, load: Load, models: LiveModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("training")
    first = deploy(client, "SVC")
    deploy(client, "LogisticRegression")

    def away(self: OpenModels, deployment_id: int) -> Any:
        raise UnavailableError("The database is away", "Start it")

    with monkeypatch.context() as broken:
        broken.setattr(OpenModels, "open", away)
        assert client.post("/root/ml/rollback", json={}).status_code == 200
        with pytest.raises(UnavailableError):
            models.refresh()
    models.refresh()
    assert ask(client).get_json()["deployment_id"] == first
