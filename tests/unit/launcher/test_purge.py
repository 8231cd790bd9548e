from pathlib import Path

from launcher.purge import delete_paths, find_paths


def test_only_what_is_there_is_found_with_its_size(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "table").write_bytes(b"1" * 2**20)

    (doomed,) = find_paths(tmp_path, {"postgres": "both databases", "logs": "the logs"})

    assert (doomed.name, doomed.content, doomed.size) == (
        str(tmp_path / "postgres"),
        "both databases",
        "1.0 MiB",
    )


def test_what_is_named_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "logs" / "old").mkdir(parents=True)
    (tmp_path / "key").touch()

    delete_paths([str(tmp_path / "logs"), str(tmp_path / "key"), str(tmp_path / "gone")])

    assert [path.name for path in tmp_path.iterdir()] == ["venv"]
