"""The real Prometheus and Alertmanager, with our rules, beside a running stack."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from client import PATHS, Fleet
from client.monitoring import Summary
from client.simulator import SetName
from tests.conftest import free_port
from tests.e2e.conftest import PROJECT, Stack
from tests.prometheus_programs import command, is_there

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not (is_there("prometheus") and is_there("alertmanager")),
        reason="neither Prometheus and Alertmanager nor Docker with their images are here",
    ),
]

FOLDER = PROJECT / "extras" / "observability"
PATIENCE_S = 45


@dataclass(frozen=True)
class Watchers:
    """Addresses of the two programs."""

    prometheus: str
    alertmanager: str

    def query(self, query: str) -> dict[str, float]:
        """Prometheus's answer now: value by use case, or else by service."""
        answer = get(f"{self.prometheus}/api/v1/query", query=query)["data"]["result"]
        return {
            each["metric"].get("use_case") or each["metric"].get("service", ""): float(each["value"][1])
            for each in answer
        }

    def alerts(self, use_case: str = "wine") -> dict[str, dict[str, str]]:
        """Labels of the alerts that Alertmanager has about the use case, by name."""
        found = [alert["labels"] for alert in get(f"{self.alertmanager}/api/v2/alerts")]
        return {each["alertname"]: each for each in found if each.get("use_case") == use_case}


def get(url: str, **arguments: str) -> Any:
    answer = requests.get(url, params=arguments, timeout=10)
    answer.raise_for_status()
    return answer.json()


def wait_until(what: Callable[[], bool], said: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except requests.RequestException:
            pass  # not up yet
        time.sleep(0.25)
    raise AssertionError(f"not within {PATIENCE_S} s; at last: {said()}")


@contextmanager
def running(program: str, folder: Path, *arguments: str) -> Iterator[Path]:
    """The program until the block ends; gives its log."""
    log = folder / f"{program}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(program, folder, *arguments), cwd=folder, stdout=output, stderr=output
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(30)


def write_configuration(folder: Path, stack: Stack, alertmanager: int) -> None:
    """Ours, with the addresses of the running stack, and quick."""
    ours = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    ours["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"}
    ours["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
    ours["scrape_configs"] = [each for each in ours["scrape_configs"] if each["job_name"] == "mlfleet"]
    for target in ours["scrape_configs"][0]["static_configs"]:
        target["targets"] = [f"127.0.0.1:{stack.ports[target['labels']['service']]}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(ours), encoding="utf-8")
    (folder / "token").touch()
    (folder / "alerts.yml").write_bytes((FOLDER / "alerts.yml").read_bytes())
    theirs = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
    theirs["route"]["group_wait"] = "0s"
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(theirs), encoding="utf-8")


@pytest.fixture(scope="module")
def watchers(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchers]:
    folder = tmp_path_factory.mktemp("observability")
    ports = {"prometheus": free_port(), "alertmanager": free_port()}
    write_configuration(folder, stack, ports["alertmanager"])
    watchers = Watchers(*(f"http://127.0.0.1:{port}" for port in ports.values()))
    with ExitStack() as programs:
        logs = [
            programs.enter_context(
                running(
                    name,
                    folder,
                    f"--config.file={folder}/{name}.yml",
                    f"--storage.{'tsdb.' if name == 'prometheus' else ''}path={folder}/{name}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    *(["--cluster.listen-address="] if name == "alertmanager" else []),
                )
            )
            for name, port in ports.items()
        ]
        wait_until(
            lambda: all(requests.get(f"{url}/-/ready", timeout=5).ok for url in vars(watchers).values()),
            lambda: [log.read_text(encoding="utf-8") for log in logs],
        )
        yield watchers


def foul_and_judge(fleet: Fleet) -> Summary:
    """What monitoring says about production that is fouled heavily from now on."""
    clean: tuple[SetName, ...] = ("training", "testing")
    for name in clean:
        fleet.simulator.load(name)
    fleet.simulator.load("production", fouling="heavy")
    fleet.ml_model.set_model("LogisticRegression")
    fleet.ml_model.train()
    fleet.ml_model.score("testing")
    fleet.ml_model.score("production")
    return fleet.monitoring.summary().result


def wait_for_checks(watchers: Watchers, judged: Summary) -> None:
    """Until Prometheus has read how many of the checks that decide have failed."""
    deciding, query = judged.by_status["FAIL"] - judged.evidently["FAIL"], 'mlfleet_checks{status="failed"}'
    wait_until(lambda: watchers.query(query)["wine"] == deciding, lambda: (watchers.query(query), deciding))


@pytest.fixture(scope="module")
def fouled(stack: Stack) -> Iterator[Summary]:
    """What monitoring said about production that was fouled heavily; it is clean again afterwards."""
    yield foul_and_judge(stack.fleet)
    stack.fleet.simulator.load("production")


def test_prometheus_sees_every_service_up(watchers: Watchers) -> None:
    everyone = dict.fromkeys(PATHS, 1.0)
    wait_until(lambda: watchers.query("up") == everyone, lambda: watchers.query("up"))


def test_prometheus_loads_every_rule(watchers: Watchers) -> None:
    groups = get(f"{watchers.prometheus}/api/v1/rules")["data"]["groups"]
    loaded = {rule["name"] for group in groups for rule in group["rules"]}
    written = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    assert loaded == {rule["alert"] for group in written for rule in group["rules"]}


def test_heavy_fouling_that_was_judged_reaches_alertmanager(watchers: Watchers, fouled: Summary) -> None:
    expected = {"Drift", "ChecksFailed", "LowerScoreInProduction"}
    wait_until(lambda: expected <= set(watchers.alerts()), watchers.alerts)
    assert watchers.alerts()["Drift"]["severity"] == "warning"
    assert watchers.query("mlfleet_drifted_columns_share")["wine"] >= 0.5
    wait_for_checks(watchers, fouled)


def test_no_query_of_the_dashboard_is_without_an_answer(watchers: Watchers, fouled: Summary) -> None:
    names = {
        "mlfleet_model_live_info",
        "mlfleet_predictions_total",
        "mlfleet_last_score",
        "mlfleet_build_info",
    }
    wait_until(
        lambda: all(watchers.query(f"count({name})") for name in names),
        lambda: [name for name in names if not watchers.query(f"count({name})")],
    )
    assert set(watchers.query("mlfleet_scrape_error").values()) == {0.0}
