from pathlib import Path

import pytest

from launcher.background import PROJECT
from launcher.settings import (
    InvalidSettingError,
    LauncherSettings,
    check_state_folder,
    read_environment,
)


def test_every_setting_has_a_default() -> None:
    settings = LauncherSettings.from_environment({})

    assert settings.postgres_url is None
    assert settings.state_dir == PROJECT / ".mlfleet"


def test_a_variable_is_read_under_its_own_name() -> None:
    assert LauncherSettings.from_environment({"MLFLEET_POSTGRES_PORT": "7000"}).postgres_port == 7000


def test_an_empty_variable_counts_as_absent() -> None:
    assert LauncherSettings.from_environment({"SIMULATOR_PORT": ""}).service_ports["SIMULATOR_PORT"] == 5004


@pytest.mark.parametrize("value", ["0", "65536", "five"])
def test_a_value_that_is_no_port_is_refused_naming_the_variable(value: str) -> None:
    with pytest.raises(InvalidSettingError, match="TRACKING_PORT"):
        LauncherSettings.from_environment({"TRACKING_PORT": value})


@pytest.mark.parametrize("value", ["localhost", "127.1", "nonsense", "10.0.0.1:80", "[]"])
def test_what_docker_cannot_publish_on_is_refused_naming_the_variable(value: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"PUBLISH_ADDRESS: .* IPv4 or IPv6"):
        LauncherSettings.from_environment({"PUBLISH_ADDRESS": value})


@pytest.mark.parametrize("value", ["::1", "[::1]", " ::1 "])
def test_docker_is_told_an_ipv6_address_in_brackets(value: str) -> None:
    assert LauncherSettings.from_environment({"PUBLISH_ADDRESS": value}).publish_address == "[::1]"


def test_the_password_of_a_given_server_is_not_shown() -> None:
    settings = LauncherSettings.from_environment(
        {"MLFLEET_POSTGRES_URL": "postgresql://me:secret@host/postgres"}
    )

    assert "secret" not in repr(settings)


def test_a_relative_state_folder_is_the_projects() -> None:
    assert LauncherSettings.from_environment({"MLFLEET_STATE_DIR": "state"}).state_dir == PROJECT / "state"


def test_a_state_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere

    with pytest.raises(InvalidSettingError, match="MLFLEET_STATE_DIR"):
        check_state_folder(tmp_path, make=True)


def test_a_state_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(InvalidSettingError, match="MLFLEET_STATE_DIR"):
        check_state_folder(tmp_path / "file" / "state", make=True)


def test_the_environment_is_stronger_than_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SIMULATOR_PORT=1\nTRACKING_PORT=2\n")
    monkeypatch.setenv("SIMULATOR_PORT", "3")
    monkeypatch.delenv("TRACKING_PORT", raising=False)

    environment = read_environment(tmp_path)

    assert (environment["SIMULATOR_PORT"], environment["TRACKING_PORT"]) == ("3", "2")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe\x00\x9c", "not text"),
        (b"ML_MODEL_PORT=1\nthis is no setting\n", "line 2"),
        (b"ML_MODEL_PORT=1\nTRACKING_PORT='2\n", "line 2"),
        (b"ML_MODEL_PORT=\x00\n", "line 1"),
    ],
)
def test_an_env_file_that_is_damaged_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(InvalidSettingError, match=reason):
        read_environment(tmp_path)


def test_an_env_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(InvalidSettingError, match="directory"):
        read_environment(tmp_path)


def test_the_servers_url_is_read_from_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://me:secret@host/postgres\n")
    monkeypatch.delenv("MLFLEET_POSTGRES_URL", raising=False)
    monkeypatch.setenv("MLFLEET_POSTGRES_URL_FILE", str(secret))

    assert read_environment(tmp_path)["MLFLEET_POSTGRES_URL"] == "postgresql://me:secret@host/postgres"


def test_a_services_port_is_read_from_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "port").write_text("7004\n")
    monkeypatch.delenv("SIMULATOR_PORT", raising=False)
    monkeypatch.setenv("SIMULATOR_PORT_FILE", str(tmp_path / "port"))

    assert (
        LauncherSettings.from_environment(read_environment(tmp_path)).service_ports["SIMULATOR_PORT"] == 7004
    )


def test_a_file_that_is_not_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "port").write_bytes(b"\xff")
    monkeypatch.delenv("SIMULATOR_PORT", raising=False)
    monkeypatch.setenv("SIMULATOR_PORT_FILE", str(tmp_path / "port"))

    with pytest.raises(InvalidSettingError, match="SIMULATOR_PORT_FILE"):
        read_environment(tmp_path)


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLEET_POSTGRES_URL", raising=False)
    monkeypatch.setenv("MLFLEET_POSTGRES_URL_FILE", str(tmp_path / "nothing"))

    with pytest.raises(InvalidSettingError, match="MLFLEET_POSTGRES_URL_FILE"):
        read_environment(tmp_path)


def test_every_setting_is_in_the_example_file() -> None:
    example = (PROJECT / ".env.example").read_text()
    names = [str(field.alias) for field in LauncherSettings.model_fields.values() if field.alias]

    assert len(names) == 12  # the services' ports: tests/architecture/test_services.py
    assert [name for name in names if f"# {name}=" not in example] == []
