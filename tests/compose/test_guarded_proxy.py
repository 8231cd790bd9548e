"""The reverse proxy of the profile `tls`, with a certificate of its own authority."""

from collections.abc import Iterator

import pytest
import requests

from client import PATHS
from fleet.services import SERVICES
from tests.compose.guarded import GuardedStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

MLFLOW = "/api/2.0/mlflow/experiments"


@pytest.fixture(scope="module")
def https(guarded: GuardedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[requests.Session]:
    """Robot's, which believes the proxy's certificate and no other."""
    with requests.Session() as session:
        session.trust_env = False  # authorities that the environment names would be believed instead
        session.verify = guarded.authority(tmp_path_factory.mktemp("tls"))
        session.headers["Authorization"] = f"Bearer {guarded.key}"
        yield session


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_every_service_is_reached_at_its_path_and_below_its_name(
    guarded: GuardedStack, https: requests.Session, service: str
) -> None:
    for path in ("/openapi.json", "/health/ready", "/docs"):
        answer = https.get(f"{guarded.proxy()}/{service}{path}", timeout=30)
        assert answer.status_code == 200, path
    document = https.get(f"{guarded.proxy()}/{service}/openapi.json", timeout=30).json()
    assert document["info"]["title"] == f"mlfleet {service}"
    if service in PATHS:
        own = https.get(f"{guarded.proxy()}{PATHS[service]}/nowhere", timeout=30)
        assert (own.status_code, "request_id" in own.json()) == (404, True)
    assert https.get(f"{guarded.proxy()}/{service}/metrics", auth=lambda r: r, timeout=30).status_code == 200


def test_plain_http_is_sent_to_https(guarded: GuardedStack) -> None:
    answer = requests.get(f"{guarded.proxy('http')}/root/ml?a=b", allow_redirects=False, timeout=30)
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{guarded.proxy()}/root/ml?a=b"


def test_who_calls_it_by_another_name_is_told(guarded: GuardedStack, https: requests.Session) -> None:
    answer = https.get(guarded.proxy(), headers={"Host": "elsewhere.example"}, timeout=30)
    assert answer.status_code == 421


def test_mlflow_is_for_admins_and_not_for_other_sites_pages(
    guarded: GuardedStack, https: requests.Session
) -> None:
    def create(**headers: str) -> int:
        url = f"{guarded.proxy()}{MLFLOW}/create"
        name = f"by proxy {headers.get('Origin')}"
        return https.post(url, json={"name": name}, headers=headers, timeout=60).status_code

    assert create() == 200
    assert create(Origin=guarded.proxy()) == 200
    assert create(Origin="https://elsewhere.example") == 403
    url = f"{guarded.proxy()}{MLFLOW}/search?max_results=1"
    with requests.Session() as other:
        other.trust_env = False
        other.verify = https.verify
        assert other.get(url, timeout=60).status_code == 401
        assert other.get(url, auth=("bob", guarded.passwords["bob"]), timeout=60).status_code == 403
        assert other.get(url, auth=("alice", guarded.passwords["alice"]), timeout=60).status_code == 200


def test_failures_are_counted_by_the_address_that_the_proxy_saw(
    guarded: GuardedStack, https: requests.Session
) -> None:
    answers = [
        https.get(
            f"{guarded.proxy()}/simulator/metrics",
            headers={"Authorization": "Bearer wrong", "X-Forwarded-For": f"192.0.2.{number}"},
            timeout=30,
        ).status_code
        for number in range(12)
    ]
    assert answers[0] == 401
    assert answers[-1] == 429, "a client chose the address that it is counted by"
