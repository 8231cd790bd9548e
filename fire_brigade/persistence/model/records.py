"""What is fetched and kept of the published records."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from fleet.errors import FleetError

Kind = Literal["incident", "mobilisation"]
KINDS: tuple[Kind, ...] = ("incident", "mobilisation")

Told = Callable[[int, int | None], None]
"""Is told the bytes that came or the rows that were read, and of how many; what it raises ends the work."""


@dataclass(frozen=True)
class RecordSource:
    """One of the two published files, and where its records are kept.

    setting: what the address is called in the settings, which is all that errors say of it.
    """

    kind: Kind
    url: str
    setting: str
    file: Path
    expected_columns: tuple[str, ...]


@dataclass(frozen=True)
class Download:
    """expected_bytes: what the server announced, None where it did not."""

    bytes: int
    expected_bytes: int | None
    seconds: float


class SourceError(FleetError):
    """The file at an address is not to be had, or not what it should be. advice: with the setting's name."""

    advice: ClassVar[str] = "Check the address in the setting {0}"

    def __init__(self, setting: str, reason: str, more_advice: str = "") -> None:
        super().__init__(f"{setting}: {reason}", self.advice.format(setting) + more_advice)
