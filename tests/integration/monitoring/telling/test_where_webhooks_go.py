"""Webhooks go to public addresses and to what the setting names, whatever DNS and receivers say."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from monitoring.persistence.repository.webhooks import WebhookAwayError, Webhooks
from monitoring.utils import destinations
from monitoring.utils.destinations import UnusableUrlError, parse_allowed
from tests.integration.monitoring.telling.receiver import Receiver, receiving

Dns = Callable[..., list[str]]
NOBODY = parse_allowed("")
LOOPBACK = parse_allowed("127.0.0.0/8")


def post(url: str, allowed: destinations.Allowed) -> int:
    return Webhooks(allowed, connect_s=1, total_s=3).post(url, b"{}", {})[1]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Where connections were made to, or tried."""
    tried: list[object] = []
    real = socket.socket.connect

    def note(self: socket.socket, address: object) -> None:
        tried.append(address)
        real(self, address)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(socket.socket, "connect", note)
    return tried


def test_this_machine_is_not_called_unless_the_setting_says_so(receiver: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(UnusableUrlError):
            post(f"http://{host}:{receiver.port}/", NOBODY)
    assert receiver.requests == []

    assert post(f"http://127.0.0.1:{receiver.port}/", LOOPBACK) == 200
    assert post(f"http://localhost:{receiver.port}/", parse_allowed("localhost")) == 200
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:169.254.169.254"]
)
def test_a_name_that_leads_inside_is_not_called(dns: Dns, connected: list[object], address: str) -> None:
    dns("hooks.example", [address])

    with pytest.raises(UnusableUrlError) as raised:
        post("http://hooks.example/", NOBODY)

    assert connected == []
    assert "hooks.example" in raised.value.error
    assert address not in str(raised.value.body()), "nobody learns what the fleet's DNS knows"


def test_a_name_is_asked_for_once_and_called_where_it_was_checked(
    dns: Dns, connected: list[object], receiver: Receiver
) -> None:
    asked = dns("hooks.example", ["127.0.0.2"], ["169.254.169.254"])

    with pytest.raises(WebhookAwayError):  # nobody listens there: what counts is who was called
        post(f"http://hooks.example:{receiver.port}/", LOOPBACK)

    assert asked == ["hooks.example"]
    assert connected == [("127.0.0.2", receiver.port)]


def test_of_several_addresses_only_those_are_called_that_may_be(
    dns: Dns, connected: list[object], receiver: Receiver
) -> None:
    dns("hooks.example", ["10.0.0.1", "127.0.0.2", "127.0.0.1"])

    assert post(f"http://hooks.example:{receiver.port}/", LOOPBACK) == 200

    assert connected == [("127.0.0.2", receiver.port), ("127.0.0.1", receiver.port)]
    assert receiver.requests[0].headers["Host"] == f"hooks.example:{receiver.port}"


def test_the_machines_own_public_address_is_not_called_either(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destinations, "is_public", lambda _: True)

    with pytest.raises(UnusableUrlError):
        post(f"http://127.0.0.1:{receiver.port}/", NOBODY)

    assert receiver.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, connected: list[object], status: int) -> None:
    with receiving() as other:
        receiver.status, receiver.location = status, f"http://127.0.0.1:{other.port}/latest/meta-data/"

        assert post(f"http://127.0.0.1:{receiver.port}/", LOOPBACK) == status

        assert other.requests == []
    assert connected == [("127.0.0.1", receiver.port)]


def test_no_proxy_and_no_netrc_of_the_machine_has_a_say(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password s3cr3t\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert post(f"http://127.0.0.1:{receiver.port}/", LOOPBACK) == 200

    assert "Authorization" not in receiver.requests[0].headers


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """Of hooks.example, signed by itself."""
    files = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hooks"
    named = ["-addext", "subjectAltName=DNS:hooks.example", "-out", files[0], "-keyout", files[1]]
    subprocess.run([*make.split(), *named], check=True, capture_output=True, timeout=60)
    return files


def test_a_certificate_is_that_of_the_name_although_the_address_is_called(
    dns: Dns, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dns("hooks.example", ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    with receiving(certificate) as receiver:
        assert post(f"https://hooks.example:{receiver.port}/x", LOOPBACK) == 200

        with pytest.raises(WebhookAwayError, match="no certificate that can be trusted"):
            post(f"https://localhost:{receiver.port}/x", LOOPBACK)

    assert receiver.names == ["hooks.example", "localhost"]
    assert [each.path for each in receiver.requests] == ["/x"]
    assert receiver.requests[0].headers["Host"] == f"hooks.example:{receiver.port}"


def test_a_certificate_that_nobody_knows_is_not_taken(dns: Dns, certificate: tuple[str, str]) -> None:
    dns("hooks.example", ["127.0.0.1"])
    with receiving(certificate) as receiver:
        with pytest.raises(WebhookAwayError, match="no certificate that can be trusted"):
            post(f"https://hooks.example:{receiver.port}/x", LOOPBACK)

        assert receiver.requests == []
