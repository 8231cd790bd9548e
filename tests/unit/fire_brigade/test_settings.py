"""The guide's parameters are settings of their very names, from variables and from a file."""

import csv
from pathlib import Path

import pytest

from fire_brigade.config.settings import FireBrigadeSettings
from fleet.settings import InvalidSettingsError
from tests.fire_brigade_records import LFB

GUIDE = [
    "chemin_data",
    "chemin_data_ref",
    "chemin_model",
    "url_incident",
    "url_mobilisation",
    "fichier_incident",
    "fichier_mobilisation",
    "fichier_stations",
    "fichier_calendrier",
    "fichier_vehicle",
    "fichier_global",
    "fichier_model",
    "log_directory",
    "years",
    "incident_expected_columns",
    "mobilisation_expected_columns",
    "BandWidth_speed_min",
    "BandWidth_speed_max",
    "BandWidth_AttendanceTimeSeconds_min",
    "BandWidth_AttendanceTimeSeconds_max",
    "LOG_MODE",
    "DEFAULT_LEVEL",
    "CONSOLE_LEVEL",
    "HISTORY_LEVEL",
    "PUSHGATEWAY_URL",
    "PUSH_GETAWAY_ENABLED",
    "USE_MLFLOW",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_EXPERIMENT_NAME",
]


def test_every_parameter_of_the_guide_is_a_setting() -> None:
    assert [name for name in GUIDE if name not in FireBrigadeSettings.model_fields] == []


def test_the_guides_values_are_the_defaults() -> None:
    settings = FireBrigadeSettings()
    assert (settings.port, settings.path) == (8000, "")
    assert settings.years == (2022, 2023)
    assert (settings.BandWidth_speed_min, settings.BandWidth_speed_max) == (5, 35)
    assert settings.BandWidth_AttendanceTimeSeconds_min == 193
    assert settings.BandWidth_AttendanceTimeSeconds_max == 539
    assert settings.MLFLOW_EXPERIMENT_NAME == "LFB_MLOPS"
    assert not settings.pushes_metrics


@pytest.mark.parametrize("name", ["FIRE_BRIGADE_CHEMIN_DATA", "fire_brigade_chemin_data", "chemin_data"])
def test_a_variable_sets_it_in_any_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "elsewhere")
    assert FireBrigadeSettings().chemin_data == Path("elsewhere")


def test_the_prefix_counts_before_the_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BandWidth_speed_max", "40")
    assert FireBrigadeSettings().BandWidth_speed_max == 40
    monkeypatch.setenv("FIRE_BRIGADE_BANDWIDTH_SPEED_MAX", "50")
    assert FireBrigadeSettings().BandWidth_speed_max == 50


def test_a_common_variable_without_the_prefix_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FireBrigadeSettings().model_dump()
    monkeypatch.setenv("PORT", "9")
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104  # must not be taken
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/theirs")
    monkeypatch.setenv("DATABASE_PASSWORD", "theirs")
    monkeypatch.setenv("JOB_TIMEOUT_S", "1")
    monkeypatch.setenv("JOBS_KEPT_DAYS", "1")
    assert FireBrigadeSettings().model_dump() == before


def test_its_own_secrets_are_not_taken_from_bare_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTIFACT_KEY", "a key of another program")
    monkeypatch.setenv("FIRST_USERS", "somebody else's")
    settings = FireBrigadeSettings()
    assert (settings.artifact_key, settings.first_users) == (None, ())


@pytest.mark.parametrize("text", ["2023", "2021,2023", "[2021, 2023]"])
def test_years_are_a_list_with_or_without_brackets(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("years", text)
    assert FireBrigadeSettings().years in ((2023,), (2021, 2023))


@pytest.mark.parametrize(
    ("getaway", "gateway", "pushed"), [("true", "", True), ("", "true", True), ("true", "false", False)]
)
def test_metrics_are_pushed_in_either_spelling(
    getaway: str, gateway: str, pushed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH_GETAWAY_ENABLED", getaway)
    monkeypatch.setenv("PUSH_GATEWAY_ENABLED", gateway)
    assert FireBrigadeSettings().pushes_metrics is pushed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("settings.yml", "years: [2021]\nchemin_model: kept\nuse_mlflow: true\nFIRE_BRIGADE_PORT: 8001\n"),
        ("settings.env", "years=2021\nchemin_model=kept\nuse_mlflow=true\nFIRE_BRIGADE_PORT=8001\n"),
    ],
)
def test_a_file_sets_what_no_variable_does(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("FIRE_BRIGADE_SETTINGS_FILE", str(tmp_path / name))
    monkeypatch.setenv("CHEMIN_MODEL", "variable")
    settings = FireBrigadeSettings()
    assert (settings.years, settings.USE_MLFLOW, settings.port) == ((2021,), True, 8001)
    assert settings.chemin_model == Path("variable")


@pytest.mark.parametrize(
    ("text", "said"),
    [("chemin_dta: x\n", "chemin_dta"), ("- x\n", "name: value"), ("{\n", "not a text")],
)
def test_a_wrong_file_is_refused(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.yml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("FIRE_BRIGADE_SETTINGS_FILE", str(tmp_path / "settings.yml"))
    with pytest.raises(InvalidSettingsError, match=said):
        FireBrigadeSettings()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingsError, match=r"none\.yml"):
        FireBrigadeSettings(settings_file=tmp_path / "none.yml")


@pytest.mark.parametrize("value", ["../other.csv", "/etc/passwd", "", ".hidden"])
def test_a_file_name_is_a_name_and_no_path(value: str) -> None:
    with pytest.raises(InvalidSettingsError, match="FICHIER_GLOBAL"):
        FireBrigadeSettings(fichier_global=value)


@pytest.mark.skipif(LFB is None, reason="the real records are not there (MLFLEET_SHARED)")
def test_the_expected_columns_are_those_of_the_published_files() -> None:
    assert LFB is not None
    settings = FireBrigadeSettings()
    expected = {
        "incidents_2009_20rows.csv": settings.incident_expected_columns,
        "mobilisations_2009_20rows.csv": settings.mobilisation_expected_columns,
    }
    for name, columns in expected.items():
        with (LFB / name).open(encoding="utf-8") as file:
            assert tuple(next(csv.reader(file))) == columns
