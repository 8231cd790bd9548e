"""Where the containers are reached from this machine."""

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from fleet.services import SERVICES
from launcher.docker.containers import Container
from launcher.ports import LOOPBACK, address_at, check_ports
from launcher.settings import InvalidSettingError, LauncherSettings
from launcher.stack import MLFLOW, PARTS

PROXY = "proxy"


def published_addresses(config: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """What people open or call, by service, from the compose file as Compose understands it."""
    pages = {service.name: service.page_in(environment) for service in SERVICES}
    parts, found = config["services"], {}
    for name in dict.fromkeys([*PARTS, *parts]):
        for port in (parts.get(name, {}).get("ports") or [])[:1]:
            address = address_at(port.get("host_ip", LOOPBACK), port["published"])
            if name == PROXY:  # it answers to its name only
                address = f"https://{parts[name]['environment']['PROXY_DOMAIN']}:{port['published']}"
            found[name] = address + pages.get(name, "/")
    return found


def check_published_ports(settings: LauncherSettings, containers: Iterable[Container]) -> None:
    """Raises PortTakenError naming each port that neither is free nor held by the service's own container."""
    held = {(each.service, port) for each in containers if each.runs for port in each.ports}
    services = [(each.name, settings.port(each), each.port_setting) for each in SERVICES]
    tools = [(MLFLOW, settings.mlflow_port, "MLFLEET_MLFLOW_PORT")]
    for setting, address, ports in (
        ("PUBLISH_ADDRESS", settings.publish_address, services),
        ("TOOLS_ADDRESS", settings.tools_address, tools),
    ):
        wanted = [each for each in ports if each[:2] not in held]
        if wanted:
            host = address.strip("[]")
            _check_address(host, setting)
            check_ports(wanted, host)


def _check_address(host: str, setting: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
    except OSError as error:
        raise InvalidSettingError(
            f"{setting}: {host} is not an address of this machine ({error.strerror})",
            f"Correct {setting} in the environment or in .env (see .env.example)",
        ) from error
