"""The use cases that the simulator can play, with their rows: of files, and of uploads."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from db.definition import UseCase
from fleet.csv_rows import CsvError
from fleet.errors import ConflictError, NotFoundError
from simulator.persistence.model.simulated_use_case import CsvSource, SimulatedUseCase
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import parse_definition
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.csv_source import read_table, with_categories
from simulator.service.sources import DividedSource, divide

log = logging.getLogger(__name__)


class NotSimulatedError(NotFoundError):
    """The use case is not one whose rows the simulator has."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no use case '{name}' to simulate", f"Use cases: {', '.join(known)}")


class FileMissingError(ConflictError):
    """The CSV file of a use case is not there."""

    def __init__(self, use_case: str, source: CsvSource) -> None:
        super().__init__(
            f"The rows of use case '{use_case}' are not there: {source.file}",
            source.missing_file
            or "Put the file into the simulator's folder of data files (SIMULATOR_DATA_DIR), or upload it: "
            "./launch.sh use-case add FILE.yml",
        )


class UnusableFileError(ConflictError):
    """The CSV file of a use case is there, but cannot be used."""

    def __init__(self, use_case: str, source: CsvSource, reason: str) -> None:
        super().__init__(
            f"The file {source.file} of use case '{use_case}' cannot be used: {reason}",
            "Correct the file, then send the request again",
        )


@dataclass(frozen=True)
class OpenedUseCase:
    """A use case with all its categories listed, and its rows. digest: of its file and split, if any."""

    use_case: SimulatedUseCase
    divided: DividedSource
    digest: bytes | None = None


class KnownUseCases:
    """Finds and opens use cases. definitions: those of files, by name. files: their CSV files."""

    def __init__(self, definitions: Mapping[str, SimulatedUseCase], files: DataFiles) -> None:
        self.of_files = definitions
        self._files = files
        self._opened: dict[str, OpenedUseCase] = {}  # numbers of rows, and files; large sets are made anew

    def all(self, work: SimulatorUnitOfWork) -> dict[str, SimulatedUseCase]:
        """By name: those of files, then those that were uploaded."""
        uploaded = [parse_definition(content) for content in work.uploads.definitions()]
        return {**self.of_files, **{use_case.name: use_case for use_case in uploaded}}

    def find(self, work: SimulatorUnitOfWork, name: str) -> SimulatedUseCase:
        """Raises NotSimulatedError."""
        if name in self.of_files:
            return self.of_files[name]
        uploaded = work.uploads.definition(name)
        if uploaded is None:
            raise NotSimulatedError(name, list(self.all(work)))
        return parse_definition(uploaded)

    def register(self, work: SimulatorUnitOfWork) -> None:
        """Make those of files known to the fleet, with their tables.

        One whose categories only its file can tell is registered as soon as that is there.
        """
        for use_case in self.of_files.values():
            if use_case.lists_categories:
                work.samples.register(use_case.definition, use_case.retention)

    def definition(self, work: SimulatorUnitOfWork, name: str) -> UseCase:
        """The definition of a registered use case. Raises NotSimulatedError, FileMissingError."""
        use_case = self.find(work, name)
        registered = work.samples.registered(name)
        if registered is None and isinstance(use_case.source, CsvSource):
            raise FileMissingError(name, use_case.source)
        return registered or use_case.definition

    def has_file(self, source: CsvSource) -> bool:
        """Whether the file is in the folder of data files, where it counts more than an upload."""
        return self._files.has(source.file)

    def open(self, work: SimulatorUnitOfWork, name: str) -> OpenedUseCase:
        """The use case and its rows. Raises NotSimulatedError, FileMissingError, UnusableFileError."""
        use_case = self.find(work, name)
        if not isinstance(use_case.source, CsvSource):
            if name not in self._opened:
                self._opened[name] = OpenedUseCase(use_case, divide(use_case))
            return self._opened[name]
        content = self._files.read(use_case.source.file)
        if content is None:
            content = work.uploads.content(name)
        if content is None:
            raise FileMissingError(name, use_case.source)
        return self._open_file(use_case, use_case.source, content, work.samples.registered(name))

    def _open_file(
        self, use_case: SimulatedUseCase, source: CsvSource, content: bytes, registered: UseCase | None
    ) -> OpenedUseCase:
        known = self._opened.get(use_case.name)
        if known is None or known.digest != _digest(use_case, content):
            try:
                known = open_file(use_case, source, content, registered)
            except CsvError as error:
                raise UnusableFileError(use_case.name, source, str(error)) from error
            self._opened[use_case.name] = known
        return known


def open_file(
    use_case: SimulatedUseCase, source: CsvSource, content: bytes, registered: UseCase | None
) -> OpenedUseCase:
    """The use case with the rows of this file. registered: as it is, if it is. Raises CsvError."""
    table = read_table(use_case, source, content)
    complete = with_categories(use_case, registered, table)
    return OpenedUseCase(complete, divide(complete, table), _digest(use_case, content))


def _digest(use_case: SimulatedUseCase, content: bytes) -> bytes:
    """Of everything that says which row is which, and in which set."""
    how = use_case.model_dump_json(include={"source", "split"})
    return hashlib.sha256(how.encode() + content).digest()
