"""When a service asks for credentials, and what it is told about them."""

from pathlib import Path
from typing import Any

import pytest

from fleet.settings import InvalidSettingsError, NoAccountsError, ServiceSettings
from simulator.config.settings import SimulatorSettings
from tests.accounts import API_KEYS, CHEAP, USERS
from tracking.config.settings import TrackingSettings

HASH = CHEAP.hash("a password")


def asks(**fields: Any) -> bool:
    return ServiceSettings(port=5999, service_url="/tea", **fields).asks_for_credentials


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_nobody_is_asked_where_only_this_host_comes(host: str) -> None:
    assert not asks(host=host)
    assert not asks(host="0.0.0.0", publish_address=host)  # noqa: S104


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])  # noqa: S104
def test_everybody_is_asked_where_others_come(host: str) -> None:
    assert asks(host=host, users=USERS)
    assert asks(host=host, api_keys=API_KEYS)
    assert asks(host="127.0.0.1", publish_address=host, users=USERS)
    with pytest.raises(NoAccountsError):
        asks(host=host)
    with pytest.raises(NoAccountsError):
        asks(publish_address=host)


def test_who_configures_users_wants_them_asked_for() -> None:
    assert asks(users=USERS)
    assert asks(api_keys=API_KEYS)


def test_a_siblings_key_alone_is_nobody_who_could_log_in() -> None:
    siblings = [key for key in API_KEYS if key.role == "sibling"]
    assert siblings
    assert not asks(api_keys=siblings)
    for open_to_others in ({"host": "0.0.0.0"}, {"auth": "on"}):  # noqa: S104
        with pytest.raises(NoAccountsError):
            asks(api_keys=siblings, **open_to_others)


def test_one_address_that_others_reach_is_enough() -> None:
    assert not asks(publish_address="127.0.0.1, [::1],localhost")
    assert asks(publish_address="127.0.0.1,0.0.0.0", users=USERS)


def test_empty_files_are_no_users_and_no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for name in ("USERS_FILE", "API_KEYS_FILE", "SIBLING_KEY_FILE"):
        monkeypatch.setenv(f"TRACKING_{name}", str(empty))
    settings = TrackingSettings()
    assert (settings.users, settings.api_keys) == ((), ())
    assert settings.sibling_key.get_secret_value() == ""
    assert not settings.asks_for_credentials


def test_off_and_on_are_said_in_so_many_words() -> None:
    assert not asks(host="0.0.0.0", auth="off")  # noqa: S104
    assert not asks(users=USERS, auth="off")
    assert asks(users=USERS, auth="on")
    with pytest.raises(NoAccountsError):
        asks(auth="on")


def test_without_anybody_to_let_in_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_HOST", "0.0.0.0")  # noqa: S104
    with pytest.raises(NoAccountsError) as caught:
        SimulatorSettings()
    assert "SIMULATOR_USERS" in caught.value.error
    for part in ("python -m fleet.credentials user NAME", "SIMULATOR_USERS_FILE", "SIMULATOR_AUTH=off"):
        assert part in caught.value.message


def test_users_are_read_from_the_environment_and_keys_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"robot:user:{'0' * 64}\n", encoding="utf-8")
    monkeypatch.setenv("SIMULATOR_USERS", f"alice:admin:{HASH}\nbob:user:{HASH}")
    monkeypatch.setenv("SIMULATOR_API_KEYS_FILE", str(keys))
    settings = SimulatorSettings()
    assert [user.name for user in settings.users] == ["alice", "bob"]
    assert [key.name for key in settings.api_keys] == ["robot"]
    assert HASH not in repr(settings) + str(settings)
    assert "0" * 64 not in repr(settings) + str(settings)


def test_a_line_that_cannot_be_read_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMULATOR_USERS", f"alice:admin:{HASH}\nbob:user:secret")
    with pytest.raises(InvalidSettingsError) as caught:
        SimulatorSettings()
    assert "SIMULATOR_USERS" in caught.value.error
    assert "line 2" in caught.value.error
    assert "secret" not in caught.value.error
    assert HASH not in caught.value.error
