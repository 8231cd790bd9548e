"""Reading the folder of definitions."""

from pathlib import Path

import pytest

from db.definition import Task
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.definitions import (
    DefinitionsMissingError,
    InvalidDefinitionError,
    read_definitions,
)

TEA = """
name: tea
task: regression
target: minutes
source: {kind: synthetic, rows: 100}
features:
  - {name: heat}
  - {name: cups, type: integer}
"""


def test_wine_is_a_definition_like_any_other() -> None:
    definitions = read_definitions(SimulatorSettings().use_cases_dir)
    assert definitions["wine"].task is Task.CLASSIFICATION
    assert len(definitions["wine"].feature_names) == 13


def test_every_yml_file_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "tea.yml").write_text(TEA, encoding="utf-8")
    (tmp_path / "coffee.yml").write_text(TEA.replace("tea", "coffee"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a definition", encoding="utf-8")
    assert list(read_definitions(tmp_path)) == ["coffee", "tea"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "name: [",
        TEA.replace("regression", "guessing"),
        TEA.replace("name: tea", "name: Tea"),
        TEA.replace("rows: 100", "rows: 1"),
        TEA.replace("synthetic", "nothing"),
        TEA.replace("heat", "class"),
        TEA + "colour: green\n",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_an_invalid_definition_names_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "tea.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidDefinitionError, match=r"tea\.yml"):
        read_definitions(tmp_path)


def test_a_definition_that_is_not_text_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "tea.yml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InvalidDefinitionError, match=r"tea\.yml"):
        read_definitions(tmp_path)


def test_two_files_cannot_define_the_same_use_case(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yml").write_text(TEA, encoding="utf-8")
    with pytest.raises(InvalidDefinitionError, match="tea"):
        read_definitions(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DefinitionsMissingError, match=name):
        read_definitions(tmp_path / name)
