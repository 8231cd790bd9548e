"""The use cases that the simulator can play, with their rows: of files, and of uploads."""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from db.definition import UseCase
from fleet.csv_rows import CsvError
from fleet.errors import ConflictError, FleetError, NotFoundError
from simulator.persistence.model.simulated_use_case import CsvSource, SimulatedUseCase, SyntheticSource
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import InvalidContentError, parse_definition
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.csv_source import read_table, with_categories
from simulator.service.sources import DividedSource, divide, memory_needed

log = logging.getLogger(__name__)

MOST_SYNTHETIC = 768 * 2**20
KEPT_OPEN = 4  # use cases whose rows stay in memory


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


class UnusableUploadError(ConflictError):
    """What was uploaded as the definition of a use case is none, or none any more."""

    def __init__(self, use_case: str, reason: str) -> None:
        super().__init__(
            f"The uploaded definition of use case '{use_case}' cannot be used: {reason}",
            "Upload it again: ./launch.sh use-case add FILE.yml",
        )


class TooLargeSetError(ConflictError):
    """The rows of a synthetic use case need more memory than they may."""

    def __init__(self, use_case: str, needed: int, most: int) -> None:
        super().__init__(
            f"Loading a set of '{use_case}' needs some {needed >> 20} MiB of memory; "
            f"{most >> 20} MiB are allowed",
            "Ask for fewer 'source.rows' or features, or raise SIMULATOR_SYNTHETIC_MEMORY_MB",
        )


@dataclass(frozen=True)
class OpenedUseCase:
    """A use case with all its categories listed, and its rows. digest: of its file and split, if any."""

    use_case: SimulatedUseCase
    divided: DividedSource
    digest: bytes | None = None


class KnownUseCases:
    """Finds and opens use cases.

    definitions: those of files, by name. files: their CSV files. unusable: why others cannot be used, by
    name. most_synthetic: bytes that made-up rows may need.
    """

    def __init__(
        self,
        definitions: Mapping[str, SimulatedUseCase],
        files: DataFiles,
        unusable: Mapping[str, FleetError] | None = None,
        *,
        most_synthetic: int = MOST_SYNTHETIC,
    ) -> None:
        self.of_files = definitions
        self._files = files
        self._unusable = dict(unusable or {})
        self._most_synthetic = most_synthetic
        # Numbers of rows, and files; large sets are made anew.
        self._opened: dict[str, tuple[object, OpenedUseCase]] = {}
        self._turn = threading.Lock()  # two that load the sets of one file open it once

    def all(self, work: SimulatorUnitOfWork) -> dict[str, SimulatedUseCase]:
        """By name: those of files, then those that were uploaded; less those that cannot be used."""
        of_files = {name: each for name, each in self.of_files.items() if name not in self._unusable}
        uploaded, _ = self._uploaded(work)
        return {**of_files, **{use_case.name: use_case for use_case in uploaded}}

    def degraded(self, work: SimulatorUnitOfWork) -> dict[str, str]:
        """Why some cannot be used, in a sentence by name; they stop no other."""
        _, unreadable = self._uploaded(work)
        return {**unreadable, **{name: error.error for name, error in self._unusable.items()}}

    def find(self, work: SimulatorUnitOfWork, name: str) -> SimulatedUseCase:
        """Raises NotSimulatedError, or what says why it cannot be used."""
        if name in self._unusable:
            raise self._unusable[name]
        if name in self.of_files:
            return self.of_files[name]
        uploaded = work.uploads.definition(name)
        if uploaded is None:
            raise NotSimulatedError(name, list(self.all(work)))
        try:
            return parse_definition(uploaded)
        except InvalidContentError as error:
            raise UnusableUploadError(name, str(error)) from error

    def register(self, units: Callable[[], SimulatorUnitOfWork]) -> None:
        """Make those of files known to the fleet, with their tables.

        One whose categories only its file can tell is registered as soon as that is there; one that is not as
        it was registered cannot be used, which stops no other.
        """
        for use_case in self.of_files.values():
            if not use_case.lists_categories:
                continue
            try:
                with units() as work:
                    work.samples.register(use_case.definition, use_case.retention)
                    work.commit()
            except ConflictError as error:
                log.warning("%s. %s", error.error, error.message)
                self._unusable[use_case.name] = error

    def _uploaded(self, work: SimulatorUnitOfWork) -> tuple[list[SimulatedUseCase], dict[str, str]]:
        """Those that were uploaded, and by name what is wrong with those that cannot be read."""
        found, unreadable = [], {}
        for content in work.uploads.definitions():
            try:
                found.append(parse_definition(content))
            except InvalidContentError as error:
                name = str(content.get("name") if isinstance(content, dict) else content)[:63]
                unreadable[name] = UnusableUploadError(name, str(error)).error
        return found, unreadable

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
            return self._open_made(use_case)
        content = self._files.read(use_case.source.file)
        if content is None:
            content = work.uploads.content(name)
        if content is None:
            raise FileMissingError(name, use_case.source)
        return self._open_file(use_case, use_case.source, content, work.samples.registered(name))

    def check_memory(self, use_case: SimulatedUseCase) -> None:
        """Raise TooLargeSetError if its rows are made up, and too many for the memory that they may need."""
        if isinstance(use_case.source, SyntheticSource):
            needed = memory_needed(use_case.source, len(use_case.features))
            if needed > self._most_synthetic:
                raise TooLargeSetError(use_case.name, needed, self._most_synthetic)

    def _open_made(self, use_case: SimulatedUseCase) -> OpenedUseCase:
        self.check_memory(use_case)
        return self._kept(use_case, None, lambda: OpenedUseCase(use_case, divide(use_case)))

    def _open_file(
        self, use_case: SimulatedUseCase, source: CsvSource, content: bytes, registered: UseCase | None
    ) -> OpenedUseCase:
        def opened() -> OpenedUseCase:
            try:
                return open_file(use_case, source, content, registered)
            except CsvError as error:
                raise UnusableFileError(use_case.name, source, str(error)) from error

        return self._kept(use_case, (registered, _digest(use_case, content)), opened)

    def _kept(
        self, use_case: SimulatedUseCase, of: object, make: Callable[[], OpenedUseCase]
    ) -> OpenedUseCase:
        """What was opened before, unless the definition, or what it was opened of, is another one now."""
        with self._turn:
            key, opened = self._opened.pop(use_case.name, (None, None))
            if opened is None or key != (use_case, of):
                opened = make()
            self._opened = dict(
                [*self._opened.items(), (use_case.name, ((use_case, of), opened))][-KEPT_OPEN:]
            )
        return opened


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
