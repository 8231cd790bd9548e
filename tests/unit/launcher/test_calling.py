import pytest
import requests

from fleet.services import SERVICES
from launcher.calling import fleet_at
from launcher.settings import InvalidSettingError, LauncherSettings
from tests.answering import answering

ADDRESSES = {name: f"http://{name}/somewhere" for name in ("mlflow", *(service.name for service in SERVICES))}


def sent_with(monkeypatch: pytest.MonkeyPatch, **environment: str) -> requests.PreparedRequest:
    """What monitoring is sent under these variables."""
    sent: list[requests.PreparedRequest] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str]]:
        sent.append(request)
        return 200, {"name": "EvidentlyAI", "message": "Monitoring"}

    answering(monkeypatch, answer)
    fleet_at(ADDRESSES, LauncherSettings.from_environment(environment)).monitoring.describe()
    return sent[0]


def test_the_services_are_called_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_with(monkeypatch)

    assert sent.url == "http://monitoring/somewhere"
    assert "Authorization" not in sent.headers


def test_a_user_is_sent_with_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = sent_with(monkeypatch, MLFLEET_USER="alice", MLFLEET_PASSWORD="secret")

    assert sent.headers["Authorization"] == "Basic YWxpY2U6c2VjcmV0"


def test_the_fire_brigade_is_sent_a_user_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[requests.PreparedRequest] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str]]:
        sent.append(request)
        return 200, {"status": "healthy", "message": "All systems operational"}

    answering(monkeypatch, answer)
    settings = LauncherSettings.from_environment({"MLFLEET_API_KEY": "k-1"})
    fleet_at(ADDRESSES, settings, ("alice", "secret")).fire_brigade.health()

    assert sent[0].url == "http://fire_brigade/somewhere/health"
    assert sent[0].headers["Authorization"] == "Basic YWxpY2U6c2VjcmV0"


def test_a_key_is_sent_as_a_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent_with(monkeypatch, MLFLEET_API_KEY="k-1").headers["Authorization"] == "Bearer k-1"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"MLFLEET_USER": "alice"}, "MLFLEET_PASSWORD"),
        ({"MLFLEET_PASSWORD": "secret"}, "MLFLEET_USER"),
        (
            {"MLFLEET_USER": "alice", "MLFLEET_PASSWORD": "secret", "MLFLEET_API_KEY": "k-1"},
            "MLFLEET_API_KEY",
        ),
        ({"MLFLEET_API_KEY": "secret key"}, "MLFLEET_API_KEY"),
    ],
)
def test_what_is_no_credential_is_refused_and_not_shown(environment: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSettingError, match=named) as raised:
        fleet_at(ADDRESSES, LauncherSettings.from_environment(environment))
    assert "secret" not in raised.value.error
