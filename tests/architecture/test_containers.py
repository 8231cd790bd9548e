"""docker-compose.yml, the images and the settings say the same."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.project import PROJECT, services, settings_of

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: part for name, part in COMPOSE["services"].items() if part.get("build")}
IN_PYTHON = [name for name in OURS if name != "proxy"]
OTHERS_PORTS = {"mlflow": 1, "prometheus": 1, "pushgateway": 1, "alertmanager": 1, "grafana": 1, "proxy": 2}
OF_THE_SERVICES = ("${PUBLISH_ADDRESS:-127.0.0.1}", "${PROXY_ADDRESS:-127.0.0.1}")
OF_THE_TOOLS = "${TOOLS_ADDRESS:-127.0.0.1}"
# Where the fire brigade's volume is mounted, and what a container, told by variables, has no use for.
OF_THE_VOLUME = {"CHEMIN_DATA", "CHEMIN_DATA_REF", "CHEMIN_MODEL", "LOG_DIRECTORY", "SETTINGS_FILE"}
# What the image itself says: where the service listens, and where its definitions lie.
OF_THE_IMAGE = {"HOST", "PORT", "USE_CASES_DIR", "DATA_DIR", *OF_THE_VOLUME}
# A container's log goes to Docker, which keeps it within bounds: there is no place for files of its own.
OF_DOCKER = {"LOG_FILE", "LOG_FILE_BYTES", "LOG_FILE_COUNT"}


def variables(service: str) -> set[str]:
    return {name.removesuffix("_FILE") for name in COMPOSE["services"][service]["environment"]}


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_every_variable_of_the_compose_file_is_a_setting_and_back(service: Path) -> None:
    settings = {name.upper() for name in settings_of(service).model_fields} - OF_THE_IMAGE - OF_DOCKER
    assert variables(service.name) == {f"{service.name.upper()}_{name}" for name in settings}


def test_an_empty_variable_counts_as_absent() -> None:
    used = re.findall(r"\$\{(\w+)(\W+)", (PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert {name for name, operator in used if not operator.startswith(":-")} == set()


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_container_is_locked_down_bounded_and_restarted(name: str) -> None:
    part: dict[str, Any] = COMPOSE["services"][name]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert part["mem_limit"]
    assert part["restart"]
    assert part["logging"]["options"]["max-size"]


def test_no_password_stands_in_an_environment() -> None:
    for name, part in COMPOSE["services"].items():
        for variable, value in part.get("environment", {}).items():
            secret = any(word in variable for word in ("PASSWORD", "KEY", "SECRET"))
            assert not secret or variable.endswith("_FILE"), f"{name}: {variable}"
            assert (
                value is None or "@" not in str(value) or ":" not in str(value).split("@")[0].split("//")[1]
            )


def test_ports_are_published_on_this_host_only_unless_told_otherwise() -> None:
    ports = {name: part["ports"] for name, part in COMPOSE["services"].items() if part.get("ports")}
    counts = {name: len(published) for name, published in ports.items()}
    assert counts == OTHERS_PORTS | {service.name: 1 for service in services()}
    guarded = {*(service.name for service in services()), "proxy"}
    for name, published in ports.items():
        addresses = OF_THE_SERVICES if name in guarded else (OF_THE_TOOLS,)
        assert all(port.startswith(tuple(f"{address}:" for address in addresses)) for port in published)


def test_a_service_knows_every_address_on_which_it_or_the_proxy_is_published() -> None:
    for service in services():
        told = COMPOSE["services"][service.name]["environment"][f"{service.name.upper()}_PUBLISH_ADDRESS"]
        assert told == ",".join(OF_THE_SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_an_image_is_as_small_and_as_weak_as_its_siblings(name: str) -> None:
    dockerfile = (PROJECT / OURS[name]["build"]["dockerfile"]).read_text(encoding="utf-8")
    lines = dockerfile.splitlines()
    assert "FROM python:3.13-slim-trixie" in lines
    assert "USER 10001:10001" in lines
    assert "HEALTHCHECK" in dockerfile
    assert ("-c constraints.txt" in dockerfile) == (name in IN_PYTHON)
    assert "org.opencontainers.image.title" in dockerfile
    copied = [line.split()[1] for line in lines if line.startswith("COPY") and "/" not in line.split()[1]]
    assert set(copied) <= {"constraints.txt", "fleet", "db", OURS[name]["build"]["dockerfile"].split("/")[0]}


def test_images_share_the_layers_that_they_could_share() -> None:
    """A step is taken from another image's build only where every line before it is the same."""
    steps: dict[str, set[str]] = {}
    for name in IN_PYTHON:
        file = OURS[name]["build"]["dockerfile"]
        own, before = f"-r {file.split('/')[0]}/", ""
        for step in re.split(r"(?<!\\)\n", (PROJECT / file).read_text(encoding="utf-8")):
            before += step
            if step.startswith("RUN --mount") and own not in step:
                steps.setdefault(step, set()).add(before)
    assert len(steps) == 3
    assert [step for step, befores in steps.items() if len(befores) > 1] == []
