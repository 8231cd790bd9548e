"""Prometheus and Alertmanager of the profile `observability`, beside services that ask for credentials."""

import pytest
import yaml

from client import PATHS
from tests.compose.guarded import GuardedStack
from tests.e2e.test_observability import FOLDER, Watchers, foul_and_judge, get, wait_for_checks, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def watchers(guarded: GuardedStack) -> Watchers:
    return Watchers(guarded.watcher("prometheus"), guarded.watcher("alertmanager"))


def test_prometheus_shows_a_key_and_sees_every_service_up(watchers: Watchers) -> None:
    everyone = dict.fromkeys([*PATHS, "fire_brigade"], 1.0)
    query = 'up{job="mlfleet"}'
    wait_until(lambda: watchers.query(query) == everyone, lambda: watchers.query(query))
    pushgateway = 'up{job="pushgateway"}'
    wait_until(lambda: watchers.query(pushgateway) == {"": 1.0}, lambda: watchers.query(pushgateway))


def test_the_rules_load(watchers: Watchers) -> None:
    groups = get(f"{watchers.prometheus}/api/v1/rules")["data"]["groups"]
    written = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    assert {rule["name"] for group in groups for rule in group["rules"]} == {
        rule["alert"] for group in written for rule in group["rules"]
    }


def test_heavy_fouling_that_was_judged_reaches_alertmanager(
    guarded: GuardedStack, watchers: Watchers
) -> None:
    judged = foul_and_judge(guarded.fleet)
    try:
        wait_until(lambda: "Drift" in watchers.alerts(), watchers.alerts)
        assert watchers.alerts()["Drift"]["severity"] == "warning"
        wait_for_checks(watchers, judged)
    finally:
        guarded.fleet.simulator.load("production")
