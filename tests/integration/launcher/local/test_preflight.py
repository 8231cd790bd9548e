"""What would not start is told before anything that runs is stopped for it."""

import io
import os
import pkgutil
from pathlib import Path

import pytest
from rich.console import Console

from launcher.accounts import AccountFiles
from launcher.interrupts import Interrupts
from launcher.local.plan import Resources, base_environment, fleet_services
from launcher.local.processes import Processes, Service
from launcher.local.programs import NewerSchemaError
from launcher.local.stack import LocalStack
from launcher.ports import PortTakenError, check_ports
from launcher.preflight import RefusedSettingsError, check_settings, settings_of
from launcher.settings import LauncherSettings
from tests.conftest import free_port
from tests.integration.launcher.local.conftest import FakeService


def environments(services: list[Service]) -> dict[str, dict[str, str]]:
    return {service.name: {**base_environment(os.environ), **service.told} for service in services}


def planned(folder: Path, **settings: str) -> list[Service]:
    accounts = AccountFiles(folder / "secrets")
    accounts.make()
    url = "postgresql+psycopg2://mlfleet@127.0.0.1:1/dataset"
    resources = Resources(url, url, "a key of at least 16", folder / "mlartifacts")
    told = LauncherSettings.from_environment({"MLFLEET_STATE_DIR": str(folder)})
    return fleet_services(told, settings, resources, accounts)


def test_settings_that_can_be_used_are_passed(tmp_path: Path) -> None:
    for service in planned(tmp_path):
        assert isinstance(pkgutil.resolve_name(settings_of(service.name)), type)
    check_settings(environments(planned(tmp_path)))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ML_MODEL_THREADS", "none"),
        ("MONITORING_USERS_FILE", "/no/such/file"),
    ],
)
def test_settings_that_a_service_would_refuse_are_told(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(RefusedSettingsError, match=setting) as refused:
        check_settings(environments(planned(tmp_path, **{setting: value})))
    assert "Nothing was stopped" in refused.value.message


@pytest.mark.parametrize("fault", ["settings", "schema", "port"])
def test_what_runs_is_left_running(
    fault: str,
    processes: Processes,
    fake_service: FakeService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = processes.start(fake_service("silent", 0), {})
    other = fake_service("dies", 0)
    settings = LauncherSettings.from_environment(
        {"MLFLEET_STATE_DIR": str(tmp_path), "MLFLEET_POSTGRES_PORT": str(free_port())}
    )
    stack = LocalStack(settings, {}, Console(file=io.StringIO()), Interrupts())
    monkeypatch.setattr(stack, "services", lambda: [other])

    refusals = {"settings": RefusedSettingsError, "schema": NewerSchemaError, "port": PortTakenError}

    def refuse(*_: object, **__: object) -> None:
        raise refusals[fault]("", "")

    where = {"settings": "check_settings", "schema": "check_schema", "port": "check_ports"}[fault]
    monkeypatch.setattr(f"launcher.local.stack.{where}", refuse)
    with pytest.raises(refusals[fault]):
        stack.up()
    assert running.is_running()
    assert processes.find("fake") is not None


def test_a_port_of_ours_is_no_strangers(processes: Processes, fake_service: FakeService) -> None:
    port = free_port()
    service = fake_service("ready", port)
    processes.start(service, {})
    while port not in processes.ports():
        assert processes.find("fake") is not None
    with pytest.raises(PortTakenError):
        check_ports([("fake", port, "FAKE_PORT")])
    check_ports([("fake", port, "FAKE_PORT")], ours=processes.ports())


def test_a_service_is_reached_where_it_listens(tmp_path: Path) -> None:
    hosts = {"ML_MODEL_HOST": "localhost", "SIMULATOR_HOST": "::1", "TRACKING_HOST": "0.0.0.0"}  # noqa: S104
    found = {service.name: service for service in planned(tmp_path, **hosts)}
    assert found["ml_model"].address == "http://localhost:5001"
    assert found["simulator"].address == "http://[::1]:5004"
    assert found["tracking"].address == "http://127.0.0.1:5002"
    assert found["tracking"].told["TRACKING_ML_MODEL_URL"] == "http://localhost:5001/root/ml"
