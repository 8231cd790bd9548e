"""A run's model as a candidate: trained by ml_model and not served, until somebody says it was promoted."""

from dataclasses import replace

from flask.testing import FlaskClient
from mlflow import MlflowClient
from sqlalchemy import text

from fleet.sibling import Sibling
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.tracking.conftest import MANAGEMENT, Optimise
from tests.integration.tracking.ml_model_double import MlModelDouble
from tests.integration.tracking.test_setting import champion, ml_model, optimised_run, settings
from tracking.persistence.repository.ml_model_client import MlModelClient, ModelToSet

__all__ = ["ml_model", "settings"]  # fixtures


def test_a_candidate_is_trained_once_for_a_key_and_is_the_champion_when_it_was_promoted(
    client: FlaskClient,
    optimise: Optimise,
    ml_model: tuple[MlModelDouble, str],
    mlflow_client: MlflowClient,
) -> None:
    run_id = optimised_run(optimise)
    asked = {"request_information": "setting", "run_id": run_id, "candidate": True, "snapshot_id": 3}
    answers = [client.post(MANAGEMENT, json=asked, headers={"Idempotency-Key": "c-1"}) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert [each.get_json()["id"] for each in answers] == [8, 8]
    (sent,) = ml_model[0].candidates
    assert (sent["snapshot_id"], sent["run_id"], ml_model[0].bodies) == (3, run_id, [])
    assert mlflow_client.get_model_version_by_alias("wine", "challenger").run_id == run_id
    aliases = mlflow_client.get_registered_model("wine").aliases
    assert aliases.get("champion") != aliases["challenger"]

    told = {"request_information": "promoted", "run_id": run_id, "deployment_id": 8}
    assert client.post(MANAGEMENT, json=told).status_code == 200
    version = champion(mlflow_client)
    assert (version.run_id, version.tags["deployment_id"]) == (run_id, "8")


def test_the_key_of_a_candidate_reaches_ml_model_the_same_after_tracking_died_and_another_for_others(
    *, client: FlaskClient, optimise: Optimise, ml_model: tuple[MlModelDouble, str], sessions: Sessions
) -> None:
    asked = {
        "request_information": "setting",
        "run_id": optimised_run(optimise),
        "candidate": True,
        "snapshot_id": 3,
    }
    for key in ("c-1", "c-1", "c-2", None):
        headers = {} if key is None else {"Idempotency-Key": key}
        assert client.post(MANAGEMENT, json=asked, headers=headers).status_code == 201
        with sessions() as session:  # as if it had died before it could keep its answer
            session.execute(text("DELETE FROM idempotent_answers"))
            session.commit()
    first, again, other, none = ml_model[0].keys
    assert first == again != other
    assert (first or "").startswith("tracking-")
    assert none is None


def test_callers_of_the_same_key_have_keys_of_their_own_in_ml_model(
    ml_model: tuple[MlModelDouble, str],
) -> None:
    known = MlModelClient(Sibling("ml_model", ml_model[1], timeout_s=5))
    model = ModelToSet("SVC", {}, "none", "a", "wine")
    for name in ("alice", "bob"):
        known.train_candidate(model, 3, caller=replace(ALICE, name=name), key="c-1")
    assert len({*ml_model[0].keys}) == 2


def test_a_promotion_of_a_run_that_is_gone_is_refused(client: FlaskClient) -> None:
    told = {"request_information": "promoted", "run_id": "0" * 32, "deployment_id": 8}
    assert client.post(MANAGEMENT, json=told).status_code == 404
