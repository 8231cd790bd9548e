import socket
from dataclasses import replace
from typing import Any

import pytest

from fleet.services import SERVICES
from launcher.docker.addresses import check_published_ports, published_addresses
from launcher.ports import PortTakenError
from launcher.settings import InvalidSettingError, LauncherSettings
from tests.conftest import free_port
from tests.unit.launcher.docker.test_containers import READY


def settings(**given: str) -> LauncherSettings:
    return LauncherSettings.from_environment(given)


def free_settings(**given: str) -> LauncherSettings:
    names = ("MLFLEET_MLFLOW_PORT", *(service.port_setting for service in SERVICES))
    return settings(**({name: str(free_port()) for name in names} | given))


def published(address: str, port: str) -> dict[str, Any]:
    """A part of the compose file, as `docker compose config` writes it."""
    return {"ports": [{"host_ip": address, "published": port}]}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_services_are_called_where_this_machine_reaches_them(address: str, host: str) -> None:
    parts = {"tracking": published(address, "7002"), "mlflow": published("127.0.0.1", "5000")}

    assert published_addresses({"services": parts}, {}) == {
        "mlflow": "http://127.0.0.1:5000/",
        "tracking": f"http://{host}:7002/root/tracking",
    }


def test_what_asks_nobody_has_an_address_of_its_own() -> None:
    with pytest.raises(InvalidSettingError, match="TOOLS_ADDRESS"):
        check_published_ports(free_settings(TOOLS_ADDRESS="192.0.2.8"), [])


def test_addresses_follow_the_path_settings() -> None:
    paths = {"ML_MODEL_BASE_URL": "/api", "ML_MODEL_SERVICE_URL": "/m"}
    addresses = published_addresses({"services": {"ml_model": published("127.0.0.1", "5001")}}, paths)

    assert addresses == {"ml_model": "http://127.0.0.1:5001/api/m"}


def test_a_port_that_somebody_else_has_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)):
            check_published_ports(free_settings(TRACKING_PORT=str(port)), [])


def test_a_port_that_the_services_own_container_has_is_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        own = replace(READY, ports=frozenset({port}))
        check_published_ports(free_settings(TRACKING_PORT=str(port)), [own])


def test_an_address_that_this_machine_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="PUBLISH_ADDRESS"):
        check_published_ports(free_settings(PUBLISH_ADDRESS="192.0.2.7"), [])


def test_what_profiles_add_is_found_where_compose_publishes_it() -> None:
    config = {
        "services": {
            "db": {},
            "prometheus": published("0.0.0.0", "9090"),  # noqa: S104
            "proxy": {
                "ports": [{"host_ip": "127.0.0.1", "published": "443"}, {"published": "80"}],
                "environment": {"PROXY_DOMAIN": "fleet.example.org"},
            },
        }
    }

    assert published_addresses(config, {}) == {
        "prometheus": "http://127.0.0.1:9090/",
        "proxy": "https://fleet.example.org:443/",
    }
