"""Reading results again."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from db.shared import MonitoringResultRow, UseCaseRow
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet

MONITORING = "/root/monitoring"
RESULTS = f"{MONITORING}/results"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

pytestmark = pytest.mark.usefixtures("scored")


def judge(client: FlaskClient, **fields: Any) -> Any:
    answer = client.post(MONITORING, json=fields)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def page(client: FlaskClient, result_id: int) -> str:
    answer = client.get(f"{RESULTS}/{result_id}", headers=HTML)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.get_data(as_text=True)


def test_results_are_listed_the_newest_first_a_page_at_a_time(client: FlaskClient, scored: int) -> None:
    ids = [judge(client, metric=metric)["result_id"] for metric in ("summary", "tests", "summary")]
    first = client.get(RESULTS, query_string={"limit": 2}).get_json()
    last = client.get(RESULTS, query_string={"page_token": first["next_page_token"]}).get_json()
    listed = first["results"] + last["results"]
    assert [each["id"] for each in listed] == ids[::-1]
    assert [each["metric"] for each in listed] == ["summary", "tests", "summary"]
    assert {each["deployment_id"] for each in listed} == {scored}
    assert last["next_page_token"] is None


def test_results_of_one_use_case_can_be_asked_for(client: FlaskClient, sessions: Sessions) -> None:
    judge(client, metric="summary")
    with sessions() as session:
        session.execute(
            insert(UseCaseRow).values(name="tea", task="regression", target="minutes", features=[])
        )
        session.execute(
            insert(MonitoringResultRow).values(use_case="tea", metric="report", result={"metrics": []})
        )
        session.commit()
    assert len(client.get(RESULTS).get_json()["results"]) == 2
    (only,) = client.get(RESULTS, query_string={"use_case": "tea"}).get_json()["results"]
    assert (only["use_case"], only["all_passed"], only["groups"]) == ("tea", None, None)


@pytest.mark.parametrize("metric", ["summary", "tests", "report"])
def test_a_result_is_read_as_it_was_answered(client: FlaskClient, metric: str) -> None:
    answered = judge(client, metric=metric)
    found = client.get(f"{RESULTS}/{answered['result_id']}").get_json()
    assert (found["id"], found["metric"]) == (answered["result_id"], metric)
    for not_answered in ("drifted_columns_share", "failed", "distributions"):
        found["result"].pop(not_answered, None)
    assert found["result"] == answered["message"]


def test_a_page_shows_every_verdict(client: FlaskClient) -> None:
    answered = judge(client, metric="tests")
    shown = page(client, answered["result_id"])
    summary = answered["message"]["summary"]
    assert shown.count("<tr>") == summary["total_tests"] + 1
    assert shown.count('class="aside"') == summary["evidently"]["FAIL"] > 0
    assert shown.count('class="fail"') == summary["failed_tests"] - summary["evidently"]["FAIL"]
    assert shown.count('class="pass"') == summary["success_tests"]
    assert f"{summary['success_tests']} of {summary['total_tests']} checks passed" in shown


@pytest.mark.parametrize("metric", ["tests", "summary"])
def test_a_page_shows_first_what_failed_with_a_picture_of_each_column_that_moved(
    client: FlaskClient, fleet: Fleet, metric: str
) -> None:
    fleet.load("production", "heavy")
    fleet.score(fleet.set_model(), "production", "testing")
    result_id = judge(client, metric=metric)["result_id"]
    kept = client.get(f"{RESULTS}/{result_id}").get_json()["result"]["distributions"]
    assert 3 < len(kept) <= 12
    for each in kept:
        assert sum(each["reference"]) == pytest.approx(1, abs=1e-3)
        assert len(each["labels"]) == len(each["reference"]) == len(each["current"]) <= 20
    shown = page(client, result_id)
    bars = 2 * sum(len(each["labels"]) for each in kept)
    assert (shown.count("<figcaption>"), shown.count("<title>") - 1) == (len(kept), bars)
    first = shown[shown.index("<tbody>") :].partition("</tr>")[0]
    assert "moved_columns" in first
    assert 'class="fail"' in first


def test_a_page_shows_the_figures_of_a_report(client: FlaskClient) -> None:
    shown = page(client, judge(client, metric="report")["result_id"])
    assert "MeanValue(column=alcohol)" in shown
    assert shown.count('class="figure"') > 100


def test_a_page_shows_a_summary(client: FlaskClient) -> None:
    shown = page(client, judge(client, metric="summary")["result_id"])
    assert "of the columns have drifted" in shown


def test_what_stands_in_a_result_is_no_markup(client: FlaskClient, sessions: Sessions) -> None:
    metric = {"metric_name": "<script>alert(1)</script>", "value": {"<b>": "<i>"}}
    with sessions() as session:
        statement = insert(MonitoringResultRow).values(
            use_case="wine", metric="report", result={"metrics": [metric]}
        )
        result_id = session.execute(statement.returning(MonitoringResultRow.id)).scalar_one()
        session.commit()
    shown = page(client, result_id)
    assert [tag for tag in ("<script", "<b>", "<i>") if tag in shown] == []
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.1, application/json"])
def test_whoever_does_not_prefer_a_page_gets_json(client: FlaskClient, accept: str | None) -> None:
    result_id = judge(client, metric="summary")["result_id"]
    answer = client.get(f"{RESULTS}/{result_id}", headers={"Accept": accept} if accept else {})
    assert (answer.mimetype, answer.headers["Vary"]) == ("application/json", "Accept")


@pytest.mark.parametrize("result_id", ["999", "99999999999999999999", "0"])
def test_a_result_that_is_not_there_is_not_found(client: FlaskClient, result_id: str) -> None:
    answer = client.get(f"{RESULTS}/{result_id}")
    assert answer.status_code == 404
    assert result_id in answer.get_json()["error"]


def test_a_token_that_was_never_given_is_refused_by_name(client: FlaskClient) -> None:
    answer = client.get(RESULTS, query_string={"page_token": "x"})
    assert answer.status_code == 400
    assert "page_token" in answer.get_json()["error"]
