from dataclasses import replace
from pathlib import Path

import pytest

from fleet.services import SERVICES
from launcher.accounts import AccountFiles
from launcher.local import plan
from launcher.local.plan import Resources, base_environment, fleet_services, mlflow_service
from launcher.local.processes import Service
from launcher.settings import LauncherSettings

RESOURCES = Resources(
    dataset_url="postgresql+psycopg2://mlfleet:secret@127.0.0.1:1/dataset",
    mlflow_url="postgresql+psycopg2://mlfleet:secret@127.0.0.1:1/mlflow",
    artifact_key="signing-key",
    artifacts=Path("artifacts"),
)


ACCOUNTS = AccountFiles(Path("secrets"))


def planned(**environment: str) -> dict[str, Service]:
    settings = LauncherSettings.from_environment(environment)
    return {service.name: service for service in fleet_services(settings, environment, RESOURCES, ACCOUNTS)}


def prefix(name: str) -> str:
    """Of the variables of a service, or of its worker."""
    return f"{name.removesuffix('_worker').upper()}_"


def test_every_service_is_planned() -> None:
    workers = [service.worker for service in SERVICES if service.works]
    assert list(planned()) == [*(service.name for service in SERVICES), *workers]


def test_a_service_is_told_its_own_settings_only() -> None:
    for name, service in planned(TRACKING_TOKEN="theirs", AWS_SECRET="mine").items():
        assert service.told
        assert all(variable.startswith(prefix(name)) for variable in service.told)


def test_only_those_who_sign_models_know_the_key() -> None:
    knowing = [name for name, service in planned().items() if "signing-key" in service.told.values()]

    assert knowing == ["ml_model", "fire_brigade", "fire_brigade_worker"]


def test_a_setting_with_a_services_prefix_is_passed_on() -> None:
    assert planned(MONITORING_LOG_LEVEL="DEBUG")["monitoring"].told["MONITORING_LOG_LEVEL"] == "DEBUG"


def test_what_the_user_gives_is_stronger_than_the_plan() -> None:
    assert planned(SIMULATOR_DATABASE_URL="mine")["simulator"].told["SIMULATOR_DATABASE_URL"] == "mine"


def test_another_mlflows_runs_are_not_looked_for_in_the_database_of_ours() -> None:
    assert "TRACKING_MLFLOW_DATABASE_URL" in planned()["tracking"].told
    told = planned(TRACKING_MLFLOW_URL="http://elsewhere:5000")["tracking"].told
    assert "TRACKING_MLFLOW_DATABASE_URL" not in told


def test_a_secret_given_as_a_file_is_not_overruled_by_the_plans_own() -> None:
    told = planned(ML_MODEL_ARTIFACT_KEY_FILE="key.txt")["ml_model"].told

    assert "ML_MODEL_ARTIFACT_KEY" not in told


def test_every_service_reads_the_same_users_and_those_that_call_others_show_a_key() -> None:
    told = {name: service.told for name, service in planned().items()}

    for name, settings in told.items():
        assert settings[f"{prefix(name)}USERS_FILE"] == "secrets/users"
        assert settings[f"{prefix(name)}API_KEYS_FILE"] == "secrets/api_keys"
    shown = {name for name, settings in told.items() if f"{prefix(name)}SIBLING_KEY_FILE" in settings}
    calling = ("simulator", "tracking", "monitoring")
    assert shown == {*calling, *(f"{name}_worker" for name in calling)}


def test_the_fire_brigade_has_users_of_its_own() -> None:
    plan = planned(FIRE_BRIGADE_PORT="7008")
    told = plan["fire_brigade"].told

    assert plan["fire_brigade"].url == "http://127.0.0.1:7008/docs"
    assert told["FIRE_BRIGADE_FIRST_USERS_FILE"] == "secrets/fire_brigade_users"
    assert told["FIRE_BRIGADE_MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"
    others = [service.told for name, service in plan.items() if not name.startswith("fire_brigade")]
    secret = told["FIRE_BRIGADE_FIRST_USERS_FILE"]
    assert not any(secret in value for settings in others for value in settings.values())


@pytest.mark.parametrize("given", [{}, {"FIRE_BRIGADE_CHEMIN_DATA": "elsewhere"}])
def test_the_simulator_finds_the_features_where_the_fire_brigade_puts_them(given: dict[str, str]) -> None:
    plan = planned(**given)
    written = plan["fire_brigade"].told["FIRE_BRIGADE_CHEMIN_DATA"]

    assert plan["simulator"].told["SIMULATOR_DATA_DIR"] == written
    assert not given or written == "elsewhere"


def test_a_folder_of_ones_own_is_stronger_for_the_simulator_too() -> None:
    assert planned(SIMULATOR_DATA_DIR="mine")["simulator"].told["SIMULATOR_DATA_DIR"] == "mine"


def test_users_of_ones_own_are_stronger_than_those_of_the_state_folder() -> None:
    told = planned(SIMULATOR_USERS_FILE="mine")["simulator"].told

    assert told["SIMULATOR_USERS_FILE"] == "mine"


def test_siblings_are_found_where_their_settings_put_them() -> None:
    told = planned(ML_MODEL_PORT="7001", MLFLEET_MLFLOW_PORT="7000")["tracking"].told

    assert told["TRACKING_ML_MODEL_URL"] == "http://127.0.0.1:7001/root/ml"
    assert told["TRACKING_MLFLOW_URL"] == "http://127.0.0.1:7000"


def test_siblings_are_found_where_empty_settings_leave_them() -> None:
    told = planned(ML_MODEL_BASE_URL="", ML_MODEL_SERVICE_URL="")["tracking"].told

    assert told["TRACKING_ML_MODEL_URL"] == "http://127.0.0.1:5001/root/ml"


def test_the_address_follows_the_path_settings() -> None:
    service = planned(SIMULATOR_BASE_URL="/api", SIMULATOR_PORT="7004")["simulator"]

    assert service.url == "http://127.0.0.1:7004/api/simulator"


def test_no_password_is_in_an_argument() -> None:
    services = [mlflow_service(LauncherSettings.from_environment({}), RESOURCES), *planned().values()]

    assert not any("secret" in argument for service in services for argument in service.command)


def test_no_secret_is_in_the_representation_of_a_service() -> None:
    services = [mlflow_service(LauncherSettings.from_environment({}), RESOURCES), *planned().values()]

    assert "secret" not in repr(services)
    assert "signing-key" not in repr(services)


@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PYTHONPATH", "MLFLOW_TRACKING_URI"]
)
def test_what_is_not_the_stacks_business_is_kept_from_the_children(name: str) -> None:
    assert name not in base_environment({name: "value", "PATH": "/bin"})


def test_the_fingerprint_changes_with_a_setting() -> None:
    service = planned()["simulator"]

    assert service.fingerprint == planned()["simulator"].fingerprint
    assert (
        service.fingerprint != replace(service, told={**service.told, "SIMULATOR_THREADS": "2"}).fingerprint
    )


def test_the_fingerprint_changes_with_the_users(tmp_path: Path) -> None:
    accounts = AccountFiles(tmp_path)
    accounts.make()

    def fingerprint() -> str:
        settings = LauncherSettings.from_environment({})
        return fleet_services(settings, {}, RESOURCES, accounts)[0].fingerprint

    before = fingerprint()
    assert fingerprint() == before
    accounts.add_user("alice", "user", "a long password")
    assert fingerprint() != before


def test_a_worker_is_told_what_its_service_is_and_has_a_log_and_no_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "WORKING", [each for each in SERVICES if each.name == "tracking"])
    services = planned()
    service, worker = services["tracking"], services["tracking_worker"]

    assert list(services)[-1] == worker.name
    assert worker.command == (*service.command, "worker")
    assert (worker.port, worker.url) == (0, "")
    assert {name for name in service.told if worker.told[name] != service.told[name]} == {"TRACKING_LOG_FILE"}
    assert worker.told["TRACKING_LOG_FILE"].endswith("/logs/tracking_worker.log")
