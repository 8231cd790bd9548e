"""What monitoring tells Prometheus about the last judgement."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.monitoring.conftest import Fleet, Rows
from tests.prometheus_text import names, value

SHARE = "mlfleet_drifted_columns_share"


def scrape(client: FlaskClient) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "mlfleet_scrape_error", service="monitoring") == 0
    return answer.text


def judge(client: FlaskClient, metric: str, **groups: bool) -> dict[str, Any]:
    answer = client.post("/root/monitoring", json={"metric": metric, **({"tests": groups} if groups else {})})
    assert answer.status_code == 200, answer.text
    message: dict[str, Any] = (answer.json or {})["message"]
    return message


def test_nothing_is_told_before_the_first_judgement(client: FlaskClient, scored: int) -> None:
    assert not names(scrape(client)) & {SHARE, "mlfleet_checks", "mlfleet_judged_timestamp_seconds"}


@pytest.mark.parametrize("metric", ["tests", "summary"])
def test_checks_and_drift_of_the_last_judgement_are_told(
    client: FlaskClient, scored: int, metric: str
) -> None:
    message = judge(client, metric)
    summary = message.get("summary", message)
    text = scrape(client)
    for status, told in (("SUCCESS", "passed"), ("FAIL", "failed")):
        ours = summary["by_status"][status] - summary["evidently"][status]
        assert value(text, "mlfleet_checks", use_case="wine", status=told) == ours > 0
    judged = value(text, "mlfleet_judged_timestamp_seconds", use_case="wine")
    assert judged == pytest.approx(time.time(), abs=60)
    (drift,) = [
        test["value"]
        for test in judge(client, "tests", data_drift=True)["tests"]
        if test["name"] == "share_of_drifted_columns"
    ]
    assert value(text, SHARE, use_case="wine") == pytest.approx(drift)


def test_heavy_fouling_shows_and_goes(client: FlaskClient, fleet: Fleet) -> None:
    for fouling, drifts in (("heavy", True), ("none", False)):
        fleet.load_all(fouling)
        fleet.score(fleet.set_model(), "testing", "production")
        judge(client, "summary", data_drift=True)
        assert ((value(scrape(client), SHARE, use_case="wine") or 0) >= 0.5) == drifts


def test_a_judgement_without_drift_leaves_the_last_share(client: FlaskClient, scored: int) -> None:
    judge(client, "tests", data_drift=True)
    share = value(scrape(client), SHARE, use_case="wine")
    counts = judge(client, "summary", data_quality=True)
    text = scrape(client)
    assert value(text, SHARE, use_case="wine") == share is not None
    assert value(text, "mlfleet_checks", use_case="wine", status="passed") == counts["success_tests"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # Evidently's own
def test_a_report_is_no_judgement(client: FlaskClient, scored: int, rows: Rows) -> None:
    judge(client, "report")
    assert rows("SELECT count(*) FROM monitoring_results") == [(1,)]
    assert "mlfleet_checks" not in names(scrape(client))
