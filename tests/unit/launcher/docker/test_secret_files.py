from pathlib import Path

import pytest

from launcher.docker.secret_files import (
    EMPTY,
    NAMES,
    RENEWABLE,
    ForeignVolumesError,
    SecretsGoneError,
    check_ownership,
    make_secret_files,
)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_they_are_made_at_random_in_a_folder_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secret_files(folder, [])

    made = contents(folder)
    assert set(made) == {*NAMES, *RENEWABLE, *EMPTY}
    assert {made.pop(name) for name in EMPTY} == {""}
    assert len(set(made.values())) == len(made)
    assert all(len(value) >= 32 for value in made.values())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444, 0o644}


def test_those_that_are_there_stay(tmp_path: Path) -> None:
    make_secret_files(tmp_path, [])
    before = contents(tmp_path)
    (tmp_path / "mlflow_password").unlink()
    before.pop("mlflow_password")

    make_secret_files(tmp_path, [])

    assert before.items() <= contents(tmp_path).items()


def test_a_key_that_only_its_owner_could_read_is_opened_to_the_containers(tmp_path: Path) -> None:
    (tmp_path / "artifact_key").write_text("key")
    (tmp_path / "artifact_key").chmod(0o600)

    make_secret_files(tmp_path, [])

    assert (tmp_path / "artifact_key").read_text() == "key"
    assert (tmp_path / "artifact_key").stat().st_mode & 0o777 == 0o444


def test_nothing_new_is_made_while_there_is_data_that_it_would_not_fit(tmp_path: Path) -> None:
    make_secret_files(tmp_path, [])
    (tmp_path / "dataset_password").unlink()

    with pytest.raises(SecretsGoneError) as caught:
        make_secret_files(tmp_path, ["mlfleet_db"])

    assert "mlfleet_db" in caught.value.error
    assert str(tmp_path / "dataset_password") in caught.value.error
    assert "docker volume rm mlfleet_db" in caught.value.message
    assert not (tmp_path / "dataset_password").exists()


def test_volumes_belong_to_the_folder_that_holds_what_opens_them(tmp_path: Path) -> None:
    check_ownership(tmp_path, [])
    with pytest.raises(ForeignVolumesError) as caught:
        check_ownership(tmp_path, ["mlfleet_db"])
    assert "mlfleet_db" in caught.value.error
    make_secret_files(tmp_path, [])
    check_ownership(tmp_path, ["mlfleet_db"])


def test_one_that_was_emptied_is_made_anew_or_told_where_data_needs_it(tmp_path: Path) -> None:
    make_secret_files(tmp_path, [])
    for name in ("mlflow_password", "grafana_password"):
        (tmp_path / name).chmod(0o600)
        (tmp_path / name).write_text("")

    with pytest.raises(SecretsGoneError, match="mlflow_password"):
        make_secret_files(tmp_path, ["mlfleet_db"])
    make_secret_files(tmp_path, [])

    assert all(len(contents(tmp_path)[name]) >= 32 for name in (*NAMES, *RENEWABLE))
