"""Which files a request may name."""

from pathlib import Path

import pytest

from fire_brigade.service.paths import (
    Folders,
    ForeignPathError,
    ModelNameError,
    SameFileError,
    check_different,
)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    for name in ("data", "models", "elsewhere"):
        (tmp_path / name).mkdir()
    return Folders(tmp_path / "data", tmp_path / "models")


@pytest.mark.parametrize(
    "given", ["./data/global_data.csv", "data/global_data.csv", "data/x/../global_data.csv"]
)
def test_data_and_models_are_the_folders_wherever_these_are(folders: Folders, given: str) -> None:
    assert folders.file(given, "data_path") == folders.data.resolve() / "global_data.csv"
    assert folders.file("models/m.pkl", "x") == folders.models.resolve() / "m.pkl"


def test_an_absolute_path_within_the_folders_is_taken(folders: Folders) -> None:
    assert folders.file(str(folders.data / "x.csv"), "x") == folders.data.resolve() / "x.csv"


@pytest.mark.parametrize(
    "given",
    [
        "/etc/passwd",
        "data/../../x.csv",
        "../data/x.csv",
        "x.csv",
        "data",
        ".",
        "data/\0",
        "/path/to/data.csv",
    ],
)
def test_a_path_outside_of_the_folders_is_refused(folders: Folders, given: str) -> None:
    with pytest.raises(ForeignPathError, match="data_path names a file outside") as refused:
        folders.file(given, "data_path")
    assert refused.value.status == 400


def test_a_link_that_leads_out_is_refused(folders: Folders, tmp_path: Path) -> None:
    (folders.data / "out").symlink_to(tmp_path / "elsewhere")
    (folders.data / "loop").symlink_to(folders.data / "loop")
    for given in ("data/out/x.csv", "data/loop/x.csv"):
        with pytest.raises(ForeignPathError):
            folders.file(given, "data_path")


def test_a_model_is_not_written_over_something_else(folders: Folders) -> None:
    with pytest.raises(ModelNameError, match=r"encoder_path must name a file that ends with \.pkl"):
        folders.model_file("data/global_data.csv", "encoder_path")


def test_a_folder_is_no_model(folders: Folders) -> None:
    (folders.models / "m.pkl").mkdir()
    with pytest.raises(ModelNameError, match="must name a file") as refused:
        folders.model_file("models/m.pkl", "ml_model_path")
    assert refused.value.status == 400


@pytest.mark.parametrize("how", ["the same path", "another spelling", "a link", "a second name"])
@pytest.mark.parametrize("field", ["ml_model_path", "encoder_path"])
def test_a_file_has_one_part_to_play(tmp_path: Path, how: str, field: str) -> None:
    taken = tmp_path / "one.pkl"
    taken.touch()
    again = tmp_path / "two.pkl"
    if how == "a link":
        again.symlink_to(taken)
    elif how == "a second name":
        again.hardlink_to(taken)
    else:
        again = taken if how == "the same path" else tmp_path / "folder" / ".." / "one.pkl"
    files = {"data_path": taken, "ml_model_path": tmp_path / "a.pkl", "encoder_path": tmp_path / "b.pkl"}
    check_different(files)
    with pytest.raises(SameFileError, match=f"{field} names the same file as data_path"):
        check_different(files | {field: again})
