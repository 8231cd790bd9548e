import socket
from collections.abc import Iterator

import pytest

from launcher.ports import PortTakenError, check_ports


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_free_ports_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    check_ports([("simulator", port, "SIMULATOR_PORT")])


def test_a_taken_port_is_named_with_the_setting_that_changes_it(taken_port: int) -> None:
    with pytest.raises(PortTakenError) as caught:
        check_ports([("simulator", taken_port, "SIMULATOR_PORT")])

    assert f"port {taken_port} (simulator) is in use" in caught.value.error
    assert "SIMULATOR_PORT" in caught.value.message


def test_the_program_that_has_the_port_is_named(taken_port: int) -> None:
    with pytest.raises(PortTakenError, match=r"in use by .+ \(pid \d+\)"):
        check_ports([("simulator", taken_port, "SIMULATOR_PORT")])


def test_a_port_that_was_given_twice_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(PortTakenError, match="both mlflow and tracking"):
        check_ports([("mlflow", port, "MLFLEET_MLFLOW_PORT"), ("tracking", port, "TRACKING_PORT")])
