"""`./launch.sh use-case`: adds use cases, with their rows, to the simulator, lists and removes them."""

from pathlib import Path
from typing import Any

import yaml

from client import Fleet
from client.simulator import AddedUseCase, UseCase
from fleet.errors import FleetError


class UseCaseFileError(FleetError):
    """A file of the use case is not there, or not what it should be."""


class NoSuchUseCaseError(FleetError):
    """The simulator knows no use case of that name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no use case '{name}'", f"Use cases: {', '.join(known)}")


def read_definition(file: Path) -> dict[str, Any]:
    """What the definition says. Raises UseCaseFileError."""
    try:
        content = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UseCaseFileError(f"{file} is not YAML: {reason}", "See extras/UseCases.md for one") from error
    if not isinstance(content, dict):
        raise UseCaseFileError(f"{file} holds no definition", "See extras/UseCases.md for one")
    return content


def read_rows(definition: dict[str, Any], file: Path, csv: Path | None) -> str | None:
    """The text of the CSV file: the given one, or the one beside the definition; None if it has none."""
    source = definition.get("source")
    named = source.get("file") if isinstance(source, dict) and source.get("kind") == "csv" else None
    if csv is None and isinstance(named, str):
        csv = file.parent / named
    return None if csv is None else _text(csv)


def add_use_case(fleet: Fleet, file: Path, csv: Path | None) -> AddedUseCase:
    """Register the definition of a file, with its rows. Raises UseCaseFileError."""
    definition = read_definition(file)
    rows = read_rows(definition, file, csv)
    try:
        return fleet.simulator.add_use_case(definition, rows)
    except TypeError as error:  # YAML has dates, and JSON has none
        raise UseCaseFileError(
            f"{file} holds a value that is neither text nor number: {error}", "Put it between quotation marks"
        ) from error


def find_use_case(fleet: Fleet, name: str) -> UseCase:
    """The use case of that name. Raises NoSuchUseCaseError."""
    found = fleet.simulator.use_cases()
    for each in found:
        if each.name == name:
            return each
    raise NoSuchUseCaseError(name, [each.name for each in found])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UseCaseFileError(f"{file} is not text in UTF-8", "Save it as UTF-8") from error
    except OSError as error:
        raise UseCaseFileError(f"{file} cannot be read: {error.strerror}", "Check the path") from error


def lines(found: list[UseCase]) -> list[str]:
    """The use cases for people, one a line."""
    widest = max((len(each.name) for each in found), default=0)
    return [f"{each.name:<{widest}}  {each.task}  {_state(each)}" for each in found]


def _state(use_case: UseCase) -> str:
    if not use_case.registered:
        return "its rows are not there yet"
    stored = ", ".join(f"{rows} {name}" for name, rows in use_case.sets.items() if rows)
    return stored or "no set loaded"
