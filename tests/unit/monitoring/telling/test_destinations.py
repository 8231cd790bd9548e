"""Which URLs a webhook may have, before anybody is asked what a name stands for."""

import ipaddress

import pytest

from fleet.settings import InvalidSettingsError
from monitoring.config.settings import MonitoringSettings
from monitoring.utils.destinations import UnusableUrlError, check_url, is_public, parse_allowed

INSIDE = (
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104  # what is refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.64.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
)
OUTSIDE = ("1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")


@pytest.mark.parametrize("address", INSIDE)
def test_no_network_machine_or_cloud_is_public(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(UnusableUrlError, match=r"webhook\.url: .* is not a public address"):
        check_url(f"http://{host}/hook")


@pytest.mark.parametrize("address", OUTSIDE)
def test_the_internet_is_public(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert is_public(ipaddress.ip_address(address))
    assert check_url(f"https://{host}/hook").host == address


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "0"])
def test_an_address_is_known_however_it_is_written(host: str) -> None:
    with pytest.raises(UnusableUrlError, match="not a public address"):
        check_url(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example/x",
        "//hooks.example/x",
        "ftp://hooks.example/x",
        "file:///etc/passwd",
        "gopher://hooks.example/x",
        "http://",
        "http:///x",
        "http://user:s3cr3t@hooks.example/",
        "http://user@hooks.example/",
        "http://@hooks.example/",
        "http://1.1.1.1\\@127.0.0.1/",
        "http://hooks.example/a b",
        "http://hooks.example/\r\nX-Header: 1",
        "http://hooks.example/é",
        "http://hóoks.example/",
        "http://hooks..example/",
        "http://%31%32%37.0.0.1/",
        "http://hooks.example:0/",
        "http://hooks.example:65536/",
        "http://hooks.example:port/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://hooks.example/" + "x" * 2048,
    ],
)
def test_what_is_no_url_of_a_webhook_is_refused_by_name(url: str) -> None:
    with pytest.raises(UnusableUrlError) as raised:
        check_url(url)

    assert raised.value.status == 400
    assert raised.value.error.startswith("webhook.url: ")
    assert "s3cr3t" not in str(raised.value.body())


def test_a_url_is_taken_apart() -> None:
    found = check_url("https://Hooks.Example:8443?token=1#part")

    assert (found.is_encrypted, found.host, found.port) == (True, "hooks.example", 8443)
    assert found.target == "/?token=1"
    assert found.origin == "https://Hooks.Example:8443"


def test_the_setting_allows_hosts_by_name_and_networks() -> None:
    allowed = parse_allowed(" Alertmanager , 10.0.0.0/8,192.168.1.5, fd00::/8,")
    inside = ipaddress.ip_address("172.18.0.4")

    assert allowed.has("alertmanager", inside)
    assert not allowed.has("other", inside)
    assert allowed.has("other", ipaddress.ip_address("10.9.9.9"))
    assert allowed.has("other", ipaddress.ip_address("::ffff:10.9.9.9"))
    assert not allowed.has("other", ipaddress.ip_address("192.168.1.6"))
    assert check_url("http://192.168.1.5:9093/api/v2/alerts", allowed).port == 9093
    assert check_url("http://[fd00::5]/", allowed).host == "fd00::5"


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "http://alertmanager", "alertmanager:9093", "a b", "10.0.0.0/99"]
)
def test_a_setting_that_cannot_be_read_stops_the_service(text: str) -> None:
    with pytest.raises(InvalidSettingsError, match=r"MONITORING_WEBHOOKS_ALLOWED.*neither a host's name nor"):
        MonitoringSettings(webhooks_allowed=f"alertmanager,{text}")
