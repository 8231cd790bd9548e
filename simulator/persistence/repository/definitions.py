"""Reads the use-case definitions from their folder."""

from collections.abc import Collection
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fleet.errors import ConflictError, FleetError
from simulator.persistence.model.simulated_use_case import SimulatedUseCase


class InvalidDefinitionError(ConflictError):
    """A definition file cannot be used; the others can."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"The use-case definition {file.name} is invalid: {reason}", "Correct it, or remove it"
        )


class InvalidContentError(ValueError):
    """What was read is no definition; the text says why."""


class DefinitionsMissingError(FleetError):
    """There is no folder of definitions; the service does not start without it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no folder of use-case definitions at {folder}", "Correct SIMULATOR_USE_CASES_DIR"
        )


def read_definitions(
    folder: Path, unusable: dict[str, FleetError] | None = None
) -> dict[str, SimulatedUseCase]:
    """All definitions (`*.yml`) by name. Raises DefinitionsMissingError.

    unusable: takes, by the name of the file, why one cannot be used; without it, raises
    InvalidDefinitionError.
    """
    if not folder.is_dir():
        raise DefinitionsMissingError(folder)
    definitions: dict[str, SimulatedUseCase] = {}
    for file in sorted(folder.glob("*.yml")):
        try:
            definition = _read(file, definitions)
        except InvalidDefinitionError as error:
            if unusable is None:
                raise
            unusable[file.stem] = error
        else:
            definitions[definition.name] = definition
    return definitions


def parse_definition(content: object) -> SimulatedUseCase:
    """A definition as YAML or JSON holds it; raises InvalidContentError."""
    try:
        return SimulatedUseCase.model_validate(content)
    except ValidationError as error:
        raise InvalidContentError("; ".join(_sentence(each) for each in error.errors()[:10])) from error


def _sentence(error: ErrorDetails) -> str:
    field = ".".join(map(str, error["loc"]))[:100]
    text = error["msg"].removeprefix("Value error, ")
    return f"{field}: {text}" if field else text


def _read(file: Path, others: Collection[str]) -> SimulatedUseCase:
    try:
        definition = parse_definition(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, InvalidContentError) as error:
        raise InvalidDefinitionError(file, str(error)) from error
    if definition.name in others:
        raise InvalidDefinitionError(file, f"another file defines '{definition.name}' already")
    return definition
