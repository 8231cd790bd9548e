from pathlib import Path

from launcher.docker.secret_files import make_secret_files
from launcher.purge import find_containers_files


def names(state: Path) -> list[str]:
    return [str(Path(each.name).relative_to(state)) for each in find_containers_files(state)]


def test_passwords_and_logs_are_found(tmp_path: Path) -> None:
    make_secret_files(tmp_path / "secrets", [])
    (tmp_path / "logs").mkdir()
    (tmp_path / "venv").mkdir()

    assert names(tmp_path) == ["secrets", "logs"]


def test_the_key_stays_while_a_local_stack_has_data_that_needs_it(tmp_path: Path) -> None:
    make_secret_files(tmp_path / "secrets", [])
    (tmp_path / "postgres").mkdir()

    assert names(tmp_path) == [
        "secrets/postgres_password",
        "secrets/dataset_password",
        "secrets/mlflow_password",
    ]
