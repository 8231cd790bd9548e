from pathlib import Path

from launcher.purge import delete, find_data


def test_only_data_folders_are_found_with_their_size(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "table").write_bytes(b"12345")

    (doomed,) = find_data(tmp_path)

    assert (doomed.path, doomed.size) == (tmp_path / "postgres", 5)


def test_what_belongs_to_databases_that_stay_is_not_found(tmp_path: Path) -> None:
    for name in ("secrets", "mlartifacts", "logs"):
        (tmp_path / name).mkdir()

    assert [doomed.path.name for doomed in find_data(tmp_path, databases_stay=True)] == ["logs"]


def test_what_was_found_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "logs" / "old").mkdir(parents=True)

    delete(find_data(tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["venv"]
