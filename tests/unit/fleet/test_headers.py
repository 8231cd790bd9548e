"""What is read of a request before its body, behind proxies; the rest is tested over sockets."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.datastructures import Headers as WerkzeugHeaders

from fleet.web.headers import MalformedRequestError, client_of, is_host, read_headers

GOOD = {
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "fleet.example.org:8443",
    "x-forwarded-prefix": "/fleet/ml",
}


class Given(WerkzeugHeaders):
    """Headers as granian gives them."""

    def keys(self, lower: bool = True) -> Any:
        return {name.lower() for name, _ in super().items()}

    def items(self, lower: bool = True) -> Any:
        return [(name.lower(), value) for name, value in super().items()]


def scope(*headers: tuple[str, str]) -> Any:
    return cast(
        Any,
        SimpleNamespace(
            method="GET",
            path="/",
            query_string="",
            http_version="1.1",
            authority=None,
            client="127.0.0.1:50000",
            headers=Given([("host", "a"), *headers]),
        ),
    )


def test_what_a_proxy_says_of_its_client_is_believed() -> None:
    given = scope(*GOOD.items())
    headers = read_headers(given, 1)
    assert client_of(given, headers, 1) == "203.0.113.7"
    assert client_of(given, headers, 0) == "127.0.0.1"


def test_of_several_addresses_the_one_counts_that_the_outermost_proxy_saw() -> None:
    given = scope(("x-forwarded-for", "forged, 203.0.113.7"), ("x-forwarded-for", "10.0.0.1"))
    with pytest.raises(MalformedRequestError):
        read_headers(given, 3)
    assert read_headers(given, 1)
    assert read_headers(given, 2)


@pytest.mark.parametrize("address", ["203.0.113.7:4711", "[2001:db8::1]:80", "2001:db8::1", "unknown"])
def test_addresses_as_proxies_write_them_are_taken(address: str) -> None:
    assert read_headers(scope(("x-forwarded-for", address)), 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-forwarded-for", "256.1.1.1"),
        ("x-forwarded-for", "1.2.3.4:port"),
        ("x-forwarded-for", "1.2.3.4:99999999"),
        ("x-forwarded-for", "<script>"),
        ("x-forwarded-for", "[::1"),
        ("x-forwarded-for", '", 203.0.113.7'),
        ("x-forwarded-host", "a.."),
        ("x-forwarded-host", "a:99999"),
        ("x-forwarded-host", "[::1"),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-prefix", '/"><script>'),
    ],
)
def test_garbage_of_a_proxy_is_refused_and_of_anybody_else_ignored(name: str, value: str) -> None:
    with pytest.raises(MalformedRequestError, match=name.title()):
        read_headers(scope((name, value)), 1)
    assert read_headers(scope((name, value)), 0)


@pytest.mark.parametrize(
    "host", ["ml_model:5001", "localhost", "a.example.org.", "[::1]:80", "10.0.0.1:", "a-b"]
)
def test_hosts_are_names_and_addresses(host: str) -> None:
    assert is_host(host)
