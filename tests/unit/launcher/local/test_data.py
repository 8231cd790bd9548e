from pathlib import Path

import pytest

from launcher.purge import find_local_data


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with all that a local stack keeps."""
    for name in ("venv", "postgres", "mlartifacts", "secrets", "logs", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets" / "artifact_key").touch()
    return tmp_path


def names(state: Path, *, databases_stay: bool = False) -> list[str]:
    found = find_local_data(state, databases_stay=databases_stay)
    return [str(Path(each.name).relative_to(state)) for each in found]


def test_all_but_the_environment_is_data(state: Path) -> None:
    assert names(state) == ["postgres", "mlartifacts", "secrets", "logs", "run"]


def test_what_belongs_to_databases_that_stay_is_not_found(state: Path) -> None:
    assert names(state, databases_stay=True) == ["postgres", "logs", "run"]


def test_the_key_stays_while_containers_have_data_that_needs_it(state: Path) -> None:
    (state / "secrets" / "postgres_password").touch()

    assert "secrets" not in names(state)
