"""Where the containers are reached from this machine."""

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from fleet.services import SERVICES
from launcher.docker.containers import Container
from launcher.ports import LOOPBACK, check_ports
from launcher.settings import InvalidSettingError, LauncherSettings
from launcher.stack import MLFLOW

ALL_ADDRESSES = {"0.0.0.0": LOOPBACK, "[::]": "[::1]"}  # noqa: S104  # recognised, not listened on
PROXY = "proxy"


def service_addresses(settings: LauncherSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """What people open or call, by service."""
    pages = {service.name: service.page_in(environment) for service in SERVICES}
    return {
        name: f"http://{ALL_ADDRESSES.get(host, host)}:{port}{pages.get(name, '/')}"
        for name, (port, _) in published_ports(settings).items()
        for host in (_published_on(name, settings),)
    }


def all_addresses(config: Mapping[str, Any]) -> dict[str, str]:
    """Addresses of all that is published, by service, from the compose file as Compose understands it.

    Those of our own services are among them, without their paths.
    """
    found = {}
    for name, part in config["services"].items():
        for port in (part.get("ports") or [])[:1]:
            host = ALL_ADDRESSES.get(port.get("host_ip", ""), port.get("host_ip", LOOPBACK))
            shown = f"[{host}]" if ":" in host else host
            found[name] = f"http://{shown}:{port['published']}/"
            if name == PROXY:  # it answers to its name only
                found[name] = f"https://{part['environment']['PROXY_DOMAIN']}:{port['published']}/"
    return found


def published_ports(settings: LauncherSettings) -> dict[str, tuple[int, str]]:
    """Port of each service and the setting that changes it."""
    ours = {each.name: (settings.port(each), each.port_setting) for each in SERVICES}
    return {MLFLOW: (settings.mlflow_port, "MLFLEET_MLFLOW_PORT"), **ours}


def check_published_ports(settings: LauncherSettings, containers: Iterable[Container]) -> None:
    """Raises PortTakenError naming each port that neither is free nor held by the service's own container."""
    held = {(each.service, port) for each in containers if each.runs for port in each.ports}
    wanted: dict[str, list[tuple[str, int, str]]] = {}
    for name, (port, setting) in published_ports(settings).items():
        if (name, port) not in held:
            wanted.setdefault(_published_on(name, settings), []).append((name, port, setting))
    for address, ports in wanted.items():
        host = address.strip("[]")
        _check_address(host, "PUBLISH_ADDRESS" if address == settings.publish_address else "TOOLS_ADDRESS")
        check_ports(ports, host)


def _published_on(name: str, settings: LauncherSettings) -> str:
    return settings.tools_address if name == MLFLOW else settings.publish_address


def _check_address(host: str, setting: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
    except OSError as error:
        raise InvalidSettingError(
            f"{setting}: {host} is not an address of this machine ({error.strerror})",
            f"Correct {setting} in the environment or in .env (see .env.example)",
        ) from error
