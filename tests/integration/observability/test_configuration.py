"""What extras/observability gives to Prometheus, Alertmanager and Grafana is what they take."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.project import PROJECT
from tests.prometheus_programs import is_there, run

FOLDER = PROJECT / "extras" / "observability"
DASHBOARDS = FOLDER / "grafana" / "dashboards"
TABLE_ROW = re.compile(r"^\| `(mlfleet_\w+)", re.MULTILINE)
SUFFIX = re.compile(r"_(bucket|sum|count)$")

needs_promtool = pytest.mark.skipif(
    not is_there("promtool"), reason="neither promtool nor Docker with Prometheus's image is here"
)


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_takes_its_configuration_and_its_rules_pass_their_tests(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    for name in ("prometheus.yml", "alerts.yml", "alerts_test.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    for name in ("token", "fire_brigade_password"):
        (tmp_path / name).touch()
    done = run("promtool", tmp_path, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@pytest.mark.skipif(
    not is_there("amtool"), reason="neither amtool nor Docker with Alertmanager's image is here"
)
def test_alertmanager_takes_its_configuration() -> None:
    done = run("amtool", FOLDER, "check-config", "alertmanager.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_is_tested_to_fire_and_says_what_to_do() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert {rule["alert"] for rule in alerts()} == fired
    assert len(fired) >= 9
    for rule in alerts():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


def queries() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m")


def panels() -> list[dict[str, Any]]:
    dashboards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))]
    assert len({each["uid"] for each in dashboards}) == len(dashboards) == 2
    return [panel for dashboard in dashboards for panel in dashboard["panels"]]


@needs_promtool
def test_every_query_of_the_dashboards_is_one(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    assert len(rules) > 10
    (tmp_path / "panels.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8"
    )
    done = run("promtool", tmp_path, "check", "rules", "panels.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboards_ask_for_metrics_that_are_described() -> None:
    described = set(TABLE_ROW.findall((PROJECT / "extras" / "API.md").read_text(encoding="utf-8")))
    asked = {
        SUFFIX.sub("", name)
        for query in (*queries(), *(rule["expr"] for rule in alerts()))
        for name in re.findall(r"\bmlfleet_\w+", query)
    }
    assert asked - described == set()
    assert len(asked) > 10


def test_grafana_finds_its_datasource_and_its_dashboards() -> None:
    provisioning = FOLDER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert {target["datasource"]["uid"] for panel in panels() for target in panel["targets"]} == {
        source["uid"]
    }
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "mlfleet.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
