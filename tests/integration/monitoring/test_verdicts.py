"""Verdicts and reports over REST, on a real PostgreSQL."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from monitoring.service.group_names import fitting_groups
from tests.integration.monitoring.conftest import Fleet, Rows

PATH = "/root/monitoring"


def post(client: FlaskClient, **body: Any) -> dict[str, Any]:
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    answer = response.json
    assert isinstance(answer, dict)
    return answer


def test_the_service_says_what_it_is(client: FlaskClient) -> None:
    assert client.get(PATH).json == {"name": "EvidentlyAI", "message": "Monitoring"}


def test_tests_are_answered_and_kept(client: FlaskClient, scored: int, rows: Rows) -> None:
    answer = post(client, metric="tests")
    message = answer["message"]
    assert {test["group"] for test in message["tests"]} == set(fitting_groups(classifies=True))
    assert message["summary"]["total_tests"] == len(message["tests"]) == 137
    stored = rows(
        "SELECT id, use_case, deployment_id, metric, groups, all_passed, result - 'distributions' "
        "FROM monitoring_results"
    )
    assert stored == [
        (answer["result_id"], "wine", scored, "tests", list(fitting_groups(classifies=True)), False, message)
    ]


def test_the_summary_counts_the_checks_of_the_wanted_groups(client: FlaskClient, scored: int) -> None:
    wanted = {"data_drift": True, "multi_class_classification": True, "data_quality": False}
    message = post(client, metric="summary", tests=wanted)["message"]
    counted = {"all_passed", "total_tests", "success_tests", "failed_tests", "by_status"}
    assert set(message) == {*counted, "evidently"}
    assert message["total_tests"] == (16 + 1) + (10 + 1)
    assert sum(message["evidently"].values()) == 16 + 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
def test_the_report_is_answered_and_kept(client: FlaskClient, scored: int, rows: Rows) -> None:
    answer = post(client, metric="report")
    assert len(answer["message"]["metrics"]) > 100
    assert rows("SELECT metric, groups, all_passed, result FROM monitoring_results") == [
        ("report", None, None, answer["message"])
    ]


def test_unfouled_production_passes_the_data_drift_group(client: FlaskClient, fleet: Fleet) -> None:
    fleet.load_all("none")
    fleet.score(fleet.set_model(), "testing", "production")
    assert post(client, metric="summary", tests={"data_drift": True})["message"]["all_passed"]


def test_heavily_fouled_production_fails_drift_and_performance(client: FlaskClient, fleet: Fleet) -> None:
    fleet.load_all("heavy")
    fleet.score(fleet.set_model(), "testing", "production")
    message = post(client, metric="tests")["message"]
    status = {test["name"]: test["status"] for test in message["tests"] if test["column"] is None}
    assert not message["summary"]["all_passed"]
    assert status["accuracy"] == "FAIL"


@pytest.mark.alone
@pytest.mark.parametrize("metric", ["tests", "summary"])
def test_a_warm_verdict_takes_less_than_a_second(client: FlaskClient, scored: int, metric: str) -> None:
    post(client, metric=metric)
    start = time.perf_counter()
    post(client, metric=metric)
    assert time.perf_counter() - start < 1


def test_a_form_and_query_arguments_are_taken(client: FlaskClient, scored: int) -> None:
    form = client.post(PATH, data={"metric": "summary", "tests": '{"data_drift": true}', "retrain": "false"})
    query = client.post(f"{PATH}?metric=summary&use_case=wine")
    assert (form.status_code, query.status_code) == (200, 200)
    assert form.json["message"]["total_tests"] == 16 + 1  # type: ignore[index]


def test_the_newest_deployment_that_scored_both_sets_is_judged(
    client: FlaskClient, fleet: Fleet, scored: int, rows: Rows
) -> None:
    second, third = fleet.set_model(), fleet.set_model()
    fleet.score(second, "testing", "production")
    fleet.score(third, "testing")
    post(client, metric="summary")
    assert rows("SELECT deployment_id FROM monitoring_results") == [(second,)]


def test_the_live_deployment_is_judged_rather_than_a_newer_one(
    client: FlaskClient, fleet: Fleet, scored: int, rows: Rows
) -> None:
    fleet.activate(scored)
    fleet.score(fleet.set_model(), "testing", "production")
    post(client, metric="summary")
    assert rows("SELECT deployment_id FROM monitoring_results") == [(scored,)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
@pytest.mark.parametrize("metric", ["summary", "tests", "report"])
def test_the_deployment_that_is_named_is_judged_rather_than_the_live_one(
    client: FlaskClient, fleet: Fleet, scored: int, rows: Rows, metric: str
) -> None:
    fleet.activate(scored)
    candidate = fleet.set_model()
    fleet.score(candidate, "testing", "production")
    post(client, metric=metric, deployment_id=candidate)
    form = client.post(PATH, data={"metric": metric, "deployment_id": str(candidate)})
    assert form.status_code == 200
    assert rows("SELECT metric, deployment_id FROM monitoring_results") == [(metric, candidate)] * 2


def test_every_result_gets_an_id_of_its_own(client: FlaskClient, scored: int, rows: Rows) -> None:
    ids = [post(client, metric="summary")["result_id"] for _ in range(3)]
    assert [(result_id,) for result_id in ids] == rows("SELECT id FROM monitoring_results ORDER BY id")
    assert len(set(ids)) == 3
