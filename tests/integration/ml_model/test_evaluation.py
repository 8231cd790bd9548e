"""Deployments against each other on the same labelled rows, over the service's own route."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from ml_model.service.paired_losses import compare_losses
from monitoring.service.evidence.gate import read_paired
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows
from tests.made_up_fires import write_fires

PATH = "/root/ml/evaluate"


def ask(client: FlaskClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.json
    return answer.get_json()


def candidate(client: FlaskClient, model_name: str, **fields: Any) -> int:
    trained: int = ask(client, "/root/ml/deployments", 201, model_name=model_name, **fields)["id"]
    return trained


def evaluate(client: FlaskClient, deployment_ids: list[int], status: int = 200, **rows: Any) -> Any:
    return ask(client, PATH, status, deployment_ids=deployment_ids, rows=rows)


@pytest.fixture
def svc(client: FlaskClient, load: Load) -> int:
    """A model without probabilities; all three sets are loaded."""
    load()
    return candidate(client, "SVC")


@pytest.fixture
def regression(client: FlaskClient, svc: int) -> int:
    """A logistic one, with probabilities."""
    return candidate(client, "LogisticRegression")


@pytest.fixture
def forest(client: FlaskClient, svc: int) -> int:
    """A model with probabilities."""
    return candidate(client, "RandomForest", hyperparameters={"n_estimators": 5})


def test_a_set_has_the_metrics_that_scoring_tells(client: FlaskClient, svc: int, regression: int) -> None:
    told = evaluate(client, [svc, regression], set="testing")
    assert told["rows"] == 36
    for each, number, loss in zip(told["deployments"], (svc, regression), ("zero_one", "brier"), strict=True):
        score = ask(client, "/root/ml", dataset="testing", deployment_id=number)
        assert (each["deployment_id"], each["loss"], each["metrics"]) == (number, loss, score["metrics"])
    wrong = round((1 - told["deployments"][0]["metrics"]["accuracy"]) * 36)
    assert told["deployments"][0]["losses"] == {"rows": 36, "total": wrong, "squares": wrong, "cubes": wrong}


def test_a_pair_has_the_loss_that_both_models_have(
    client: FlaskClient, svc: int, regression: int, forest: int
) -> None:
    told = evaluate(client, [regression, forest, svc], set="production")
    assert [each["loss"] for each in told["pairs"]] == ["brier", "zero_one"]
    assert [each["first_deployment_id"] for each in told["pairs"]] == [regression] * 2
    assert [each["second_deployment_id"] for each in told["pairs"]] == [forest, svc]
    first, second, _ = (each["losses"]["total"] for each in told["deployments"])
    assert told["pairs"][0]["mean"] == pytest.approx((second - first) / 36)


def test_brier_scores_and_p_are_those_of_the_probabilities_that_are_answered(
    client: FlaskClient, regression: int, forest: int, rows: Rows
) -> None:
    losses = []
    columns = [
        name
        for (name,) in rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'wine' AND table_name = "
            "'samples' AND ordinal_position BETWEEN 4 AND 16 ORDER BY ordinal_position"
        )
    ]
    found = rows(
        f"SELECT class, {', '.join(columns)} FROM wine.samples JOIN wine.targets "  # noqa: S608
        "USING (sample_index) WHERE dataset_id = 2 ORDER BY sample_id"
    )
    target = np.array([row[0] for row in found])
    for number in (regression, forest):
        ask(client, f"/root/ml/deployments/{number}/role", role="active")
        said = ask(client, "/root/ml/predict", inputs=[list(row[1:]) for row in found])
        losses.append(((np.array(said["probabilities"]) - np.eye(3)[target]) ** 2).sum(axis=1))
    told = evaluate(client, [regression, forest], set="testing")
    for each, own in zip(told["deployments"], losses, strict=True):
        sums = [float((own**power).sum()) for power in (1, 2, 3)]
        assert [each["losses"][name] for name in ("total", "squares", "cubes")] == pytest.approx(sums)
    expected = compare_losses(losses[0], losses[1], 42).as_dict()
    assert {name: told["pairs"][0][name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_rows_are_named_by_number_by_arrival_or_by_set_and_count_once(
    client: FlaskClient, svc: int, regression: int, rows: Rows
) -> None:
    whole = evaluate(client, [svc, regression], set="production")
    found = rows("SELECT sample_id, sample_index FROM wine.samples WHERE dataset_id = 3 ORDER BY 1")
    ids, numbers = [each[0] for each in found], [each[1] for each in found]
    assert evaluate(client, [svc, regression], first_id=ids[0], last_id=str(ids[-1])) == whole
    assert evaluate(client, [svc, regression], sample_index=[*numbers[::-1], *numbers]) == whole
    assert evaluate(client, [svc], first_id=ids[3], last_id=ids[7])["rows"] == 5
    training = rows("SELECT sample_index FROM wine.samples WHERE dataset_id = 1 LIMIT 2")
    mixed = evaluate(client, [svc], sample_index=[*numbers[:2], *(index for (index,) in training)])
    assert mixed["rows"] == 4
    assert mixed["pairs"] == []


def test_only_rows_with_a_target_count(
    client: FlaskClient, svc: int, regression: int, rows: Rows, sessions: Sessions
) -> None:
    numbers = [index for (index,) in rows("SELECT sample_index FROM wine.samples WHERE dataset_id = 3")]
    with sessions() as session:
        session.execute(
            text("DELETE FROM wine.targets WHERE sample_index = ANY(:some)"), {"some": numbers[:6]}
        )
        session.commit()
    for named in ({"set": "production"}, {"sample_index": numbers}):
        told = evaluate(client, [svc, regression], **named)
        assert (told["rows"], told["pairs"][0]["rows"]) == (30, 30)
    assert evaluate(client, [svc], 409, sample_index=numbers[:6])["code"] == "nothing_to_evaluate"


def test_only_rows_that_every_deployment_can_predict_count(
    client: FlaskClient, svc: int, forest: int, sessions: Sessions
) -> None:
    with sessions() as session:
        session.execute(
            text(
                "UPDATE wine.samples SET hue = 1e300 WHERE sample_id = (SELECT min(sample_id) "
                "FROM wine.samples WHERE dataset_id = 3)"
            )
        )
        session.commit()
    assert evaluate(client, [svc], set="production")["rows"] == 36
    assert evaluate(client, [svc, forest], set="production")["rows"] == 35
    with sessions() as session:
        session.execute(text("UPDATE wine.samples SET hue = 1e300 WHERE dataset_id = 3"))
        session.commit()
    refused = evaluate(client, [svc, forest], 409, set="production")
    assert refused["error"] == "None of the 36 rows with a target can be predicted by every deployment"


def test_a_call_that_is_made_again_says_the_same_and_stores_nothing(
    client: FlaskClient, svc: int, regression: int, rows: Rows
) -> None:
    before = rows("SELECT count(*) FROM wine.predictions"), rows("SELECT count(*) FROM audit_events")
    first = evaluate(client, [svc, regression], set="production")
    assert evaluate(client, [svc, regression], set="production") == first
    after = rows("SELECT count(*) FROM wine.predictions"), rows("SELECT count(*) FROM audit_events")
    assert after == before


def test_monitorings_gate_reads_the_answer(client: FlaskClient, svc: int, regression: int) -> None:
    told = evaluate(client, [svc, regression], set="testing")
    paired = read_paired(told["pairs"][0])
    assert (paired.rows, paired.mean) == (36, told["pairs"][0]["mean"])
    assert all(0 <= each["metrics"]["accuracy"] <= 1 for each in told["deployments"])


def test_what_is_not_there_is_named(client: FlaskClient, svc: int, load: Load) -> None:
    unknown = evaluate(client, [svc], 404, sample_index=[0, *range(500, 515)])
    assert unknown["code"] == "unknown_samples"
    named = ", ".join(map(str, range(500, 510)))
    assert f"is {named}, nor 5 more" in unknown["error"]
    assert evaluate(client, [svc, 99], 404, set="testing")["code"] == "unknown_deployment"
    untrained = ask(client, "/root/ml/set_model", model_name="SVC")["deployment_id"]
    assert evaluate(client, [svc, untrained], 409, set="testing")["code"] == "never_trained"
    client.delete(f"/root/ml/deployments/{svc}")
    assert evaluate(client, [svc], 409, set="testing")["code"] == "discarded"


def test_a_set_that_is_not_loaded_has_nothing_to_evaluate(client: FlaskClient, load: Load) -> None:
    load("training")
    number = candidate(client, "SVC")
    refused = evaluate(client, [number], 409, set="testing")
    assert (refused["code"], refused["error"]) == ("nothing_to_evaluate", "None of the rows has a target")


@pytest.mark.parametrize(
    ("ids", "rows", "field"),
    [
        ([], {"set": "testing"}, "deployment_ids"),
        (list(range(1, 12)), {"set": "testing"}, "deployment_ids"),
        ([0], {"set": "testing"}, "deployment_ids"),
        ([1], {"set": "dataset"}, "rows.set"),
        ([1], {}, "rows"),
        ([1], {"set": "testing", "sample_index": [1]}, "rows"),
        ([1], {"first_id": 1}, "rows"),
        ([1], {"first_id": 1, "set": "testing"}, "rows"),
        ([1], {"first_id": 2, "last_id": 1}, "rows"),
        ([1], {"sample_index": []}, "rows.sample_index"),
        ([1], {"sample_index": [-1]}, "rows.sample_index"),
        ([1], {"sample_index": [2**63]}, "rows.sample_index"),
        ([1], {"sample_index": [0] * 100_001}, "rows.sample_index"),
        ([1], {"ids": [1]}, "rows.ids"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    client: FlaskClient, ids: list[int], rows: dict[str, Any], field: str
) -> None:
    assert evaluate(client, ids, 400, **rows)["error"].startswith(f"'{field}")


def test_a_regression_is_judged_by_absolute_errors(
    client: FlaskClient, svc: int, database_url: str, tmp_path: Path
) -> None:
    write_fires(tmp_path)
    settings = SimulatorSettings(database_url=SecretStr(database_url), data_dir=tmp_path)
    simulator = create_simulator(settings).test_client()
    fire: dict[str, Any] = {"use_case": "fire_brigade"}
    for name in ("training", "testing"):
        ask(simulator, "/root/simulator", set_name=name, **fire)
    numbers = [
        candidate(client, "LinearRegression", **fire),
        candidate(client, "Ridge", hyperparameters={"alpha": 1000}, **fire),
    ]
    told = ask(client, PATH, deployment_ids=numbers, rows={"set": "testing"}, **fire)
    for each, number in zip(told["deployments"], numbers, strict=True):
        score = ask(client, "/root/ml", dataset="testing", deployment_id=number, **fire)
        assert (each["loss"], each["metrics"]) == ("absolute", pytest.approx(score["metrics"]))
        assert each["losses"]["total"] / told["rows"] == pytest.approx(each["metrics"]["mae"])
    (pair,) = told["pairs"]
    assert (pair["loss"], pair["p_worse"] < 0.01, pair["mean"] > 0) == ("absolute", True, True)
    refused = evaluate(client, [numbers[0]], 409, set="testing")
    assert refused["code"] == "other_use_case"
    assert "'fire_brigade'" in refused["error"]
