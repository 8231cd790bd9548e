"""fleet/services.py is the list of the services; what tools and people read literally says the same."""

import json
import re
import tomllib
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from client import ADDRESSES, PATHS
from fleet.services import BASE, SERVICES, Service
from tests.architecture.project import PROJECT, settings_of

NAMES = [service.name for service in SERVICES]
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
LINTER: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
ROW = re.compile(r"(?m)^\| (?:\[(\w+)\]\(\w+/README\.md\)|(\w+)) \| `(?:http://)?127\.0\.0\.1:(\d+)` \|")

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


def things(service: Service) -> set[str]:
    """What it is told of that the launcher has."""
    return set(re.findall(r"\{(\w+)\}", " ".join(service.told.values())))


def path_of(service: Service) -> str:
    """The path as the compose file has it."""
    own = service.path.removeprefix(BASE)
    return f"${{{service.prefix}BASE_URL:-{BASE}}}${{{service.prefix}SERVICE_URL:-{own}}}"


def test_every_service_is_listed_and_has_its_folder() -> None:
    apps = [app.parents[1].name for app in PROJECT.glob("*/web/app.py")]
    assert sorted(NAMES) == sorted(name for name in apps if name != "fleet")
    assert len({service.port for service in SERVICES}) == len(NAMES)


@every_service
def test_a_service_has_the_defaults_and_the_settings_that_the_list_says(service: Service) -> None:
    settings = settings_of(PROJECT / service.name)
    fields = {name.lower(): field for name, field in settings.model_fields.items()}
    assert settings.model_config["env_prefix"] == service.prefix
    assert fields["port"].default == service.port
    assert fields["base_url"].default + fields["service_url"].default == service.path
    given = {name.lower() for name in service.told} - fields.keys()
    assert {name.removesuffix("_file") for name in given} <= fields.keys()


def test_the_client_calls_the_services_where_they_are() -> None:
    assert {name: urlsplit(address).port for name, address in ADDRESSES.items()} == {
        service.name: service.port for service in SERVICES
    }
    assert {service.name: service.path for service in SERVICES if service.path} == PATHS


@every_service
def test_a_service_has_its_container(service: Service) -> None:
    part = COMPOSE["services"][service.name]
    publish = f"${{PUBLISH_ADDRESS:-127.0.0.1}}:${{{service.port_setting}:-{service.port}}}:{service.port}"
    assert part["ports"] == [publish]
    assert part["image"].startswith(f"mlfleet/{service.name}:")
    assert part["build"]["dockerfile"] == f"{service.name}/Dockerfile"
    dockerfile = read(f"{service.name}/Dockerfile").splitlines()
    assert f"EXPOSE {service.port}" in dockerfile
    assert f'CMD ["python", "-m", "{service.name}"]' in dockerfile
    assert {f"!{service.name}/"} <= set(read(".dockerignore").splitlines())


@every_service
def test_a_container_has_what_its_service_needs_and_no_more(service: Service) -> None:
    part, needs = COMPOSE["services"][service.name], things(service)
    key = f"{service.name}_key"
    assert ("database" in part["networks"]) == ("database" in needs)
    assert ("migrate" in part.get("depends_on", {})) == ("database" in needs)
    assert ("mlflow" in part.get("depends_on", {})) == ("mlflow" in needs)
    assert ("dataset_password" in part["secrets"]) == ("database" in needs)
    assert ("artifact_key" in part["secrets"]) == ("artifact_key" in needs)
    assert (key in part["secrets"]) == (key in COMPOSE["secrets"]) == service.calls_siblings
    for sibling in needs & set(NAMES):
        (url,) = [value for value in part["environment"].values() if f"//{sibling}:" in str(value)]
        (listed,) = [each for each in SERVICES if each.name == sibling]
        assert url == f"http://{sibling}:{listed.port}{path_of(listed)}"


def test_a_service_that_works_has_a_worker_that_differs_in_what_it_runs_only() -> None:
    assert "disable" not in COMPOSE["x-worker"]["healthcheck"], "up --wait fails where a check is disabled"
    workers = {
        name: part for name, part in COMPOSE["services"].items() if part.get("command", [])[-1:] == ["worker"]
    }
    assert set(workers) == {service.worker for service in SERVICES if service.works}
    for service in (each for each in SERVICES if each.works):
        own = {**COMPOSE["x-worker"], "command": ["python", "-m", service.name, "worker"]}
        default = COMPOSE["services"][service.name]["mem_limit"].partition(":-")[2].rstrip("}")
        own["mem_limit"] = f"${{{service.prefix}WORKER_MEMORY:-{default}}}"
        shared = {
            key: value
            for key, value in COMPOSE["services"][service.name].items()
            if key not in {"build", "ports"}
        }
        assert workers[service.worker] == {**shared, **own}
        assert f"# {service.prefix}WORKER_MEMORY={default}\n" in read(".env.example")


def test_the_import_rules_are_for_all_services() -> None:
    rules = {rule["name"]: rule for rule in LINTER["tool"]["importlinter"]["contracts"]}
    ours = {*NAMES, "launcher"}
    assert set(LINTER["tool"]["importlinter"]["root_packages"]) == {"fleet", "db", "client", *ours}
    assert set(rules["Services speak to each other over HTTP only"]["modules"]) == ours
    layers = "In a service, web is above service is above persistence is above utils"
    assert set(rules[layers]["containers"]) == set(NAMES)
    for rule in (
        "fleet knows neither the database nor a service",
        "db knows fleet only, and not its web face",
        "client stands alone",
    ):
        assert ours <= set(rules[rule]["forbidden_modules"]), rule


def test_a_machine_without_docker_installs_what_every_service_needs() -> None:
    listed = re.findall(
        r"^-r \.\./\.\./(\w+)/requirements\.txt$", read("launcher/local/requirements.txt"), re.MULTILINE
    )
    assert sorted(listed) == sorted([*NAMES, "mlflow_server"])


@pytest.mark.parametrize("page", ["README.md", "extras/API.md"])
def test_a_page_has_every_service_in_its_table(page: str) -> None:
    rows = {linked or plain: int(port) for linked, plain, port in ROW.findall(read(page))}
    assert {name: port for name, port in rows.items() if name not in ("MLflow", "PostgreSQL")} == {
        service.name: service.port for service in SERVICES
    }


def test_the_collection_the_example_and_the_watchers_know_every_address() -> None:
    variables = {
        each["key"]: each["value"]
        for each in json.loads(read("extras/mlfleet.postman_collection.json"))["variable"]
    }
    scraped = yaml.safe_load(read("extras/observability/prometheus.yml"))["scrape_configs"]
    targets = {target for job in scraped for config in job["static_configs"] for target in config["targets"]}
    for service in SERVICES:
        assert variables[service.name] == f"http://127.0.0.1:{service.port}"
        assert f"# {service.port_setting}={service.port}\n" in read(".env.example")
        assert f"{service.name}:{service.port}" in targets


@every_service
def test_the_proxy_passes_on_to_every_service(service: Service) -> None:
    proxy = read("proxy/Caddyfile")
    passed = f"{{\n\t\timport pass_on {service.name}:{service.port}"
    assert f"handle_path /{service.name}/* {passed} /{service.name}\n" in proxy
    own_path = f'handle {{${service.prefix}PATH}}* {passed} ""\n'
    assert (own_path in proxy) == bool(service.path)
    told = COMPOSE["services"]["proxy"]["environment"]
    assert told.get(f"{service.prefix}PATH") == (path_of(service) if service.path else None)


def test_who_restarts_by_hand_restarts_all_that_read_users() -> None:
    restart = next(
        line for line in read("extras/Exposing.md").splitlines() if "docker compose restart" in line
    )
    assert set(NAMES) <= set(re.findall(r"\w+", restart))
