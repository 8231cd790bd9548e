"""Live rows beside scorings, loads and lost connections."""

from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient

from db.definition import UseCase
from db.sets import SetName, lock_set
from db.use_cases import UnknownDeploymentError, find_use_case
from fleet.errors import UnavailableError
from ml_model.persistence.model.scored import Scored
from ml_model.persistence.repository.samples import SampleRepository
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live.predictions import Asked
from ml_model.service.live.table import Table
from ml_model.web.app import LIVE
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import (
    WINE,
    Flush,
    columns,
    flush,
    predict,
    served,
)

__all__ = ["flush", "served"]  # fixtures


def test_production_is_scored_with_its_live_rows_as_often_as_asked(
    client: FlaskClient, served: int, load: Load, rows: Rows, flush: Flush
) -> None:
    load("production")
    assert predict(client, columns(WINE[:2]))["deployment_id"] == served
    flush()
    for _ in range(2):
        answer = client.post("/root/ml", json={"dataset": "production"})
        assert (answer.status_code, answer.get_json()["rows"]) == (200, 38)
    told = rows(
        "SELECT count(*), count(DISTINCT sample_index) FROM predictions JOIN samples USING (sample_index) "
        "WHERE dataset_id = 3 GROUP BY deployment_id"
    )
    assert told == [(38, 38)]


def test_live_rows_are_stored_while_their_set_is_being_replaced(
    client: FlaskClient, served: int, rows: Rows, app: Flask, sessions: Sessions
) -> None:
    predict(client, columns(WINE[:2]))
    storing = Thread(target=app.extensions[LIVE].store.flush)
    with sessions() as replacing:
        lock_set(replacing, find_use_case(replacing, "wine"), "production", replacing=True)
        storing.start()
        storing.join(10)
        waited = storing.is_alive()
    storing.join(10)
    assert not waited
    assert rows("SELECT count(*) FROM predictions WHERE sample_index >= 1000000000") == [(2,)]


def test_scoring_leaves_what_the_model_said_of_live_rows_and_judges_it(
    client: FlaskClient, served: int, load: Load, rows: Rows, flush: Flush
) -> None:
    load("production")
    number = predict(client, columns(WINE[:1]))["sample_index"][0]
    flush()
    client.post("/root/ml/feedback", json={"sample_index": [number], "target": [0]})
    query = "SELECT xmin, prediction_id, predicted_at FROM predictions WHERE sample_index >= 1000000000"
    before = rows(query)
    answer = client.post("/root/ml", json={"dataset": "production"}).get_json()
    assert answer["rows"] == 37
    assert rows(query) == before
    with_it = answer["metrics"]
    client.post("/root/ml/feedback", json={"sample_index": [number], "target": [1]})
    assert client.post("/root/ml", json={"dataset": "production"}).get_json()["metrics"] != with_it


@pytest.mark.usefixtures("served")
def test_a_live_row_that_is_stored_while_its_set_is_scored_is_no_conflict(
    client: FlaskClient, app: Flask, load: Load, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("production")
    live, forget, find = (
        app.extensions[LIVE],
        SampleRepository.forget_predictions,
        SampleRepository.live_predictions,
    )

    def answer_one() -> None:
        live.predictions.answer(Asked("wine", Table(WINE[:1]), "key"))
        live.store.flush()

    def forget_and_wait(self: SampleRepository, use_case: UseCase, name: SetName, number: int) -> None:
        forget(self, use_case, name, number)
        answer_one()

    def find_and_wait(self: SampleRepository, use_case: UseCase, number: int) -> Scored:
        found = find(self, use_case, number)
        answer_one()
        return found

    answer_one()
    assert client.post("/root/ml", json={"dataset": "production"}).status_code == 200
    monkeypatch.setattr(SampleRepository, "forget_predictions", forget_and_wait)
    monkeypatch.setattr(SampleRepository, "live_predictions", find_and_wait)
    scored = client.post("/root/ml", json={"dataset": "production"})
    assert (scored.status_code, scored.get_json()["rows"]) == (200, 38)
    assert rows("SELECT count(*) FROM predictions WHERE sample_index >= 1000000000") == [(3,)]


def test_an_opened_version_is_found_without_the_database_and_by_its_own_use_case_only(
    client: FlaskClient, app: Flask, served: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    active, models = deploy(client, "SVC"), app.extensions[LIVE].models
    opened = [models.named("wine", number) for number in (served, active)]
    with monkeypatch.context() as patched:
        patched.setattr(models, "_units", lambda: pytest.fail("it asks the database"))
        assert [models.named("wine", number) for number in (served, active)] == opened
    with pytest.raises(UnknownDeploymentError):
        models.named("beer", served)


def test_rows_whose_commit_was_never_answered_are_stored_once_and_later_ones_too(
    client: FlaskClient, app: Flask, served: int, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, commit = app.extensions[LIVE].store, MlModelUnitOfWork.commit

    def break_off(self: MlModelUnitOfWork) -> None:
        commit(self)
        raise UnavailableError("broken", "wait")

    numbers = predict(client, columns(WINE[:2]))["sample_index"]
    with monkeypatch.context() as patched:
        patched.setattr(MlModelUnitOfWork, "commit", break_off)
        with pytest.raises(UnavailableError):
            store.flush()
    for start in (2, 5):
        numbers += predict(client, columns(WINE[start : start + 2]))["sample_index"]
    store.flush()
    assert store.backlog == 0
    told = rows("SELECT sample_index, deployment_id FROM predictions WHERE sample_index >= 1000000000")
    assert sorted(told) == [(number, served) for number in numbers]
