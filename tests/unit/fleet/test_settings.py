"""Settings are read once, from the environment or from files, and are right or refused."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict
from sqlalchemy import make_url

from fleet.settings import DatabaseSettings, InvalidSettingsError, ServiceSettings


class TeaSettings(DatabaseSettings, ServiceSettings):
    """Settings of a service that is only made for these tests."""

    model_config = SettingsConfigDict(env_prefix="TEA_")

    port: int = Field(5999, ge=1, le=65535, description="Port to listen on.")
    service_url: str = Field("/tea", pattern=r"^(/[\w.-]+)+$", description="Second part of every path.")
    token: SecretStr = Field(SecretStr("none"), min_length=4, description="Secret.")


class StrictSettings(TeaSettings):
    """One of its settings has no default."""

    leaf: str = Field(description="Which leaf.")


def test_there_is_a_default_for_everything() -> None:
    settings = TeaSettings()
    assert (settings.port, settings.path, settings.host) == (5999, "/root/tea", "127.0.0.1")


def test_a_prefixed_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_PORT", "7000")
    monkeypatch.setenv("PORT", "7001")
    assert TeaSettings().port == 7000


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_PORT", "")
    assert TeaSettings().port == 5999


def test_a_file_holds_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("green leaves\n", encoding="utf-8")
    monkeypatch.setenv("TEA_TOKEN_FILE", str(file))
    assert TeaSettings().token.get_secret_value() == "green leaves"


def test_the_variable_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "port"
    file.write_text("7001", encoding="utf-8")
    monkeypatch.setenv("TEA_PORT_FILE", str(file))
    assert TeaSettings().port == 7001
    monkeypatch.setenv("TEA_PORT", "7000")
    assert TeaSettings().port == 7000


def test_an_empty_file_variable_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_TOKEN_FILE", "")
    assert TeaSettings().token.get_secret_value() == "none"


@pytest.mark.parametrize("name", ["missing", "."])
def test_an_unreadable_file_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    monkeypatch.setenv("TEA_TOKEN_FILE", str(file))
    with pytest.raises(InvalidSettingsError) as caught:
        TeaSettings()
    assert "TEA_TOKEN_FILE" in caught.value.error
    assert str(file) in caught.value.error


def test_a_file_that_is_not_text_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("TEA_TOKEN_FILE", str(file))
    with pytest.raises(InvalidSettingsError, match="TEA_TOKEN_FILE"):
        TeaSettings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TEA_PORT", "many"),
        ("TEA_PORT", "0"),
        ("TEA_PORT", "65536"),
        ("TEA_BASE_URL", "root"),
        ("TEA_SERVICE_URL", "/"),
        ("TEA_THREADS", "0"),
        ("TEA_LOG_LEVEL", "LOUD"),
    ],
)
def test_an_unfit_value_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettingsError, match=variable):
        TeaSettings()


def test_a_missing_value_is_named_by_its_variable() -> None:
    with pytest.raises(InvalidSettingsError, match="TEA_LEAF"):
        StrictSettings()


def test_an_unfit_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_TOKEN", "abc")
    with pytest.raises(InvalidSettingsError, match="TEA_TOKEN") as caught:
        TeaSettings()
    assert "abc" not in caught.value.error + caught.value.message
    assert caught.value.__cause__ is None


def test_a_secret_is_not_shown_by_repr() -> None:
    assert "hidden" not in repr(TeaSettings(token=SecretStr("hidden")))


def test_settings_are_frozen() -> None:
    settings = TeaSettings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that it is read-only is what is tested


def test_the_database_password_goes_into_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/w:rd\n", encoding="utf-8")
    monkeypatch.setenv("TEA_DATABASE_URL", "postgresql://dataset:old@db:5432/dataset")
    assert TeaSettings().database_address() == "postgresql+psycopg2://dataset:old@db:5432/dataset"
    monkeypatch.setenv("TEA_DATABASE_PASSWORD_FILE", str(file))
    assert make_url(TeaSettings().database_address()).password == "p@ss/w:rd"
    assert TeaSettings().database_address() == (
        "postgresql+psycopg2://dataset:p%40ss%2Fw%3Ard@db:5432/dataset"
    )
    assert "p@ss" not in repr(TeaSettings())
