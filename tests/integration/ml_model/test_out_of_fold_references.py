"""What is kept with a deployment of the rows that it learned from, by models that had not seen them."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from db.references import OutOfFold, ReferenceRepository
from db.snapshots import Lesson, SnapshotRepository
from db.use_cases import find_use_case
from fleet.catalogue import build_pipeline
from fleet.settings import SEED
from ml_model.service.training import InThisProcess
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows

STORED = "SELECT deployment_id, probabilities IS NOT NULL FROM deployment_references ORDER BY deployment_id"


def ask(client: FlaskClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.json
    return answer.get_json()


def train(client: FlaskClient, model_name: str) -> int:
    ask(client, "/root/ml/set_model", model_name=model_name)
    trained: int = ask(client, "/root/ml", dataset="training")["deployment_id"]
    return trained


def kept(sessions: Sessions, deployment_id: int, snapshot_id: int) -> tuple[OutOfFold, Lesson]:
    """The reference, and the rows that it is of."""
    with sessions() as session:
        reference = ReferenceRepository(session).find(deployment_id)
        lesson = SnapshotRepository(session).read(find_use_case(session, "wine"), snapshot_id)
    assert reference is not None
    return reference, lesson


def by_hand(lesson: Lesson, model_name: str, method: str) -> Any:
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    pipeline = build_pipeline(model_name, {}, classes=3)
    return cross_val_predict(pipeline, lesson.features, lesson.target, cv=folds, method=method)


def test_each_training_keeps_predictions_of_its_rows(
    client: FlaskClient, load: Load, sessions: Sessions, rows: Rows
) -> None:
    load("training")
    first = train(client, "SVC")
    again = ask(client, "/root/ml", dataset="training")["deployment_id"]
    assert rows(STORED) == [(first, False), (again, False)]
    for deployment_id in (first, again):
        reference, lesson = kept(sessions, deployment_id, 1)
        expected = by_hand(lesson, "SVC", "predict")
        np.testing.assert_array_equal(reference.predictions, expected)


def test_a_candidate_keeps_them_in_the_order_of_its_snapshot_until_it_is_thrown_away(
    client: FlaskClient, load: Load, sessions: Sessions, rows: Rows
) -> None:
    load("training")
    load("production", fouling="none")
    snapshot = ask(client, "/root/ml/snapshots", 201, production_until="now")["id"]
    asked = {"model_name": "LogisticRegression", "snapshot_id": snapshot}
    number = ask(client, "/root/ml/deployments", 201, **asked)["id"]
    reference, lesson = kept(sessions, number, snapshot)
    assert len(reference.predictions) == len(lesson.target) == 142
    by_class = by_hand(lesson, "LogisticRegression", "predict_proba")
    assert reference.probabilities is not None
    np.testing.assert_allclose(reference.probabilities, by_class.max(axis=1), atol=1e-12)
    np.testing.assert_array_equal(reference.predictions, by_class.argmax(axis=1))
    assert client.delete(f"/root/ml/deployments/{number}").status_code == 200
    assert rows(STORED) == []


def test_going_back_to_a_model_leaves_its_reference_as_it_was(
    client: FlaskClient, load: Load, rows: Rows
) -> None:
    load("training")
    for _ in range(2):
        train(client, "SVC")
    everything = "SELECT * FROM deployment_references ORDER BY 1"
    before = rows(everything)
    ask(client, "/root/ml/rollback")
    assert rows(everything) == before


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("MOST_REFERENCE_ROWS", "more than 36 rows"), ("ENOUGH_TESTING_ROWS", "36 labelled rows or more")],
)
def test_of_many_rows_and_beside_many_testing_rows_none_is_made(
    client: FlaskClient,
    load: Load,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    limit: str,
    reason: str,
    rows: Rows,
) -> None:
    load("training", "testing")
    monkeypatch.setattr(f"ml_model.service.learning.{limit}", 36)
    train(client, "SVC")
    assert rows(STORED) == []
    assert reason in caplog.text


def test_testing_rows_without_a_target_are_not_counted(
    client: FlaskClient, load: Load, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("training", "testing")
    monkeypatch.setattr("ml_model.service.learning.ENOUGH_TESTING_ROWS", 37)
    train(client, "SVC")
    assert len(rows(STORED)) == 1


def test_a_training_does_without_what_cannot_be_made(
    client: FlaskClient,
    load: Load,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> OutOfFold:
        raise RuntimeError("out of luck")

    load("training")
    monkeypatch.setattr(InThisProcess, "predict_out_of_fold", fail)
    train(client, "SVC")
    assert rows(STORED) == []
    assert "gets no out-of-fold reference" in caplog.text
    assert rows("SELECT failure, trained_at IS NOT NULL FROM deployments") == [(None, True)]
