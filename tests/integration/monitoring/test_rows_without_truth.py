"""Rows whose truth has not come, or never will, count wherever none is needed."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from monitoring.service.group_names import fitting_groups
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet
from tests.integration.monitoring.test_verdicts import PATH, post

PRODUCTION = 36
SHIFTED = ("alcohol", "ash", "hue", "proline")
SHIFT_ROWS_WITHOUT_TRUTH = """
    UPDATE wine.samples
    SET alcohol = alcohol + 1000, ash = ash + 1000, hue = hue + 1000, proline = proline + 10000
    WHERE dataset_id = 3 AND sample_index NOT IN (SELECT sample_index FROM wine.targets)
"""


def checks(message: dict[str, Any]) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    return {(test["group"], test["name"], test["column"]): test for test in message["tests"]}


def test_they_count_as_rows_and_only_performance_is_measured_without_them(
    client: FlaskClient, scored: int, fleet: Fleet
) -> None:
    fleet.forget_targets(of_production=20)
    message = post(client, metric="tests")["message"]
    found = checks(message)
    assert found["data_stability", "row_count", None]["value"] == PRODUCTION
    assert found["multi_class_classification", "row_count", None]["value"] == PRODUCTION - 20
    assert found["data_quality", "missing_share", "target"]["value"] == 0
    assert message["summary"]["total_tests"] == 137
    assert "left_out" not in message["summary"]


def test_drift_of_rows_without_truth_is_seen(
    client: FlaskClient, scored: int, fleet: Fleet, sessions: Sessions
) -> None:
    fleet.load("production", "none")
    fleet.score(scored, "production")
    asked = {"data_drift": True, "no_target_performance": True}
    before = checks(post(client, metric="tests", tests=asked)["message"])
    fleet.forget_targets(of_production=30)
    with sessions() as session:
        session.execute(text(SHIFT_ROWS_WITHOUT_TRUTH))
        session.commit()
    after = checks(post(client, metric="tests", tests=asked)["message"])
    for name in SHIFTED:
        check = ("data_drift", "column_drift", name)
        assert (before[check]["status"], after[check]["status"]) == ("SUCCESS", "FAIL")
        mean = ("no_target_performance", "mean_within_two_standard_deviations", name)
        assert (before[mean]["status"], after[mean]["status"]) == ("SUCCESS", "FAIL")


def test_without_any_truth_what_needs_it_is_left_out_and_named(
    client: FlaskClient, scored: int, fleet: Fleet
) -> None:
    fleet.forget_targets(of_production=PRODUCTION)
    message = post(client, metric="tests")["message"]
    judged = {test["group"] for test in message["tests"]}
    assert judged == set(fitting_groups(classifies=True)) - {"multi_class_classification"}
    assert "target" not in {test["column"] for test in message["tests"]}
    left_out = {(each["group"], each["column"]): each["reason"] for each in message["summary"]["left_out"]}
    assert left_out.keys() == {
        ("data_drift", "target"),
        ("data_quality", "target"),
        ("data_stability", "target"),
        ("multi_class_classification", None),
    }
    assert all("production" in reason and "feedback" in reason for reason in left_out.values())
    answer = post(client, metric="summary")
    assert answer["message"]["left_out"] == message["summary"]["left_out"]
    page = client.get(f"{PATH}/results/{answer['result_id']}", headers={"Accept": "text/html"}).text
    assert "Left out: all in multi_class_classification" in page


def test_performance_alone_without_any_truth_is_a_conflict_that_says_what_to_send(
    client: FlaskClient, scored: int, fleet: Fleet
) -> None:
    fleet.forget_targets(of_production=PRODUCTION)
    asked = {"metric": "summary", "tests": {"multi_class_classification": True}}
    response = client.post(PATH, json=asked)
    assert response.status_code == 409
    assert "production" in response.json["error"]  # type: ignore[index]
    assert "/root/ml/feedback" in response.json["message"]  # type: ignore[index]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
@pytest.mark.parametrize("unknown", [20, PRODUCTION])
def test_a_report_describes_all_rows(client: FlaskClient, scored: int, fleet: Fleet, unknown: int) -> None:
    fleet.forget_targets(of_production=unknown)
    message = post(client, metric="report")["message"]
    values = {metric["metric_name"]: metric["value"] for metric in message["metrics"]}
    assert values["RowCount()"] == PRODUCTION
    assert "failed" not in message
    accuracy = [name for name in values if name.startswith("Accuracy")]
    assert bool(accuracy) == (unknown < PRODUCTION)
    assert message.get("left_out", []) == ([] if accuracy else ["target"])
