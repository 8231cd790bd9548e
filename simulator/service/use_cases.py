"""Adds use cases while the simulator runs, and lists them."""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from db.definition import NAME, UseCase
from db.limits import check_row_fits
from fleet.caller import Caller
from fleet.csv_rows import CsvError
from fleet.errors import ConflictError, InvalidRequestError
from simulator.persistence.model.simulated_use_case import CsvSource, SimulatedUseCase
from simulator.persistence.repository.definitions import InvalidContentError, parse_definition
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.csv_source import with_registered
from simulator.service.known_use_cases import KnownUseCases, NotSimulatedError, TooLargeSetError, open_file
from simulator.service.sources import DividedSource
from simulator.service.unlisted import Unlisted, describe_unlisted, find_in_source

log = logging.getLogger(__name__)

LONGEST_SHOWN = 63


class InvalidUploadError(InvalidRequestError):
    """The definition, or the CSV file, cannot be used."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"'{what}': {reason}", "Nothing was changed. Correct it (extras/UseCases.md), then send it again"
        )


class DefinedByFileError(ConflictError):
    """Another definition of that name is a file of the simulator."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is defined by a file of the simulator, in another way",
            "Give the definition a name of its own; to send rows for the simulator's, leave it as that is",
        )


class FileThereError(ConflictError):
    """The rows are in a file of the simulator's folder, which counts more than an upload."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(
            f"The rows of '{name}' are read from {file} in the simulator's folder of data files",
            "Nothing need be sent: load the sets. Or remove that file, then send the request again",
        )


class ShippedUseCaseError(ConflictError):
    """A use case that is a file of the simulator would be back at its next start."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is defined by a file of the simulator, so it cannot be removed",
            "Take the file out of SIMULATOR_USE_CASES_DIR, restart the simulator, then remove the use case",
        )


class NotOneFileError(ConflictError):
    """The parts are not, or no longer, those of the file that the last one belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The parts that were received of the rows of '{name}' are not the file of the last one",
            "Somebody else may be sending one too: begin again with part 1",
        )


@dataclass(frozen=True)
class CsvPart:
    """A part of a CSV file. number: from 1 to `of`. sha256: of the whole file, if it is to be checked."""

    text: str
    number: int = 1
    of: int = 1
    sha256: str | None = None

    @property
    def content(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True)
class Added:
    """What an upload led to. sets: rows by set, None while they are not there or parts are missing.

    unlisted: by feature, what of the rows is in no category.
    """

    use_case: SimulatedUseCase
    registered: bool
    sets: dict[str, int] | None = None
    unlisted: dict[str, Unlisted] = field(default_factory=dict)


@dataclass(frozen=True)
class Removed:
    """What went with a use case. rows: stored samples by set."""

    rows: dict[str, int]
    deployments: int


@dataclass(frozen=True)
class Listed:
    """A use case that the simulator knows. registered: None until its file tells its categories."""

    use_case: SimulatedUseCase
    registered: UseCase | None
    uploaded: bool
    sets: dict[str, int]


@dataclass(frozen=True)
class _Checked:
    """A use case that can be registered, and its rows if they were sent. digest: SHA-256 of their file."""

    use_case: SimulatedUseCase
    divided: DividedSource | None = None
    digest: bytes | None = None


class UseCaseService:
    """Adds and lists use cases. units: opens a transaction."""

    def __init__(self, known: KnownUseCases, units: Callable[[], SimulatorUnitOfWork]) -> None:
        self._known = known
        self._units = units

    def all(self) -> list[Listed]:
        """Those of files, then those that were uploaded."""
        with self._units() as work:
            return [self._listed(work, use_case) for use_case in self._known.all(work).values()]

    def add(
        self,
        definition: Mapping[str, Any] | None,
        name: str | None,
        part: CsvPart | None,
        *,
        caller: Caller,
    ) -> Added:
        """Register a definition, or the named known one, with rows if some are sent.

        Nothing is registered, and no former rows are replaced, before the last part is there and the whole
        can be used. What was sent before may be sent again, and is answered in the same way. Raises
        InvalidUploadError, UseCaseChangedError, PartOutOfOrderError, WideRowError and the errors above.
        """
        with self._units() as work:
            use_case = self._use_case(work, definition, name)
            registered = work.samples.registered(use_case.name)
            if registered is None:
                check_row_fits(use_case.definition)
            if part is not None:
                self._keep(work, use_case, part)
                work.commit()
        if part is not None and part.number < part.of:
            return Added(use_case, registered=False)
        opened = self._open(use_case, part, registered)
        with self._units() as work:
            self._register(work, opened, use_case, caller)
            work.commit()
        divided = opened.divided
        if divided is None:
            return Added(opened.use_case, registered=True)
        sets = {name: len(rows) for name, rows in divided.sets.items()}
        unlisted = find_in_source(opened.use_case, divided.source)
        if unlisted:
            log.warning("The file of '%s': %s", use_case.name, describe_unlisted(unlisted))
        return Added(opened.use_case, registered=True, sets=sets, unlisted=unlisted)

    def remove(self, name: str, *, caller: Caller) -> Removed:
        """Remove a use case with all that is stored of it, or the parts of a file that was begun for it.

        Raises ShippedUseCaseError, NotSimulatedError.
        """
        if name in self._known.of_files:
            raise ShippedUseCaseError(name)
        with self._units() as work:
            if not re.fullmatch(NAME, name):
                raise NotSimulatedError(name[:LONGEST_SHOWN], list(self._known.all(work)))
            parts = work.uploads.remove(name)
            registered = work.samples.registered(name)
            if registered is None and not parts:
                raise NotSimulatedError(name, list(self._known.all(work)))
            removed = Removed({}, 0)
            if registered is not None:
                removed = Removed(work.samples.sizes(registered), work.samples.remove(registered))
            work.audit.add("remove_use_case", name, caller, use_case=name)
            work.commit()
        log.info("Removed use case '%s' with %s rows", name, sum(removed.rows.values()))
        return removed

    def _use_case(
        self, work: SimulatorUnitOfWork, definition: Mapping[str, Any] | None, name: str | None
    ) -> SimulatedUseCase:
        if definition is None:
            return self._known.find(work, str(name))
        try:
            use_case = parse_definition(definition)
        except InvalidContentError as error:
            raise InvalidUploadError("definition", str(error)) from error
        if self._known.of_files.get(use_case.name, use_case) != use_case:
            raise DefinedByFileError(use_case.name)
        try:
            self._known.check_memory(use_case)
        except TooLargeSetError as error:
            raise InvalidUploadError("definition", error.error) from error
        return use_case

    def _keep(self, work: SimulatorUnitOfWork, use_case: SimulatedUseCase, part: CsvPart) -> None:
        if not isinstance(use_case.source, CsvSource):
            raise InvalidUploadError("csv", f"the source of '{use_case.name}' is {use_case.source.kind}")
        if self._known.has_file(use_case.source):
            raise FileThereError(use_case.name, use_case.source.file)
        again = part.number > 1 and work.uploads.is_last_again(use_case.name, part.number, part.content)
        if not again:
            work.uploads.add_part(use_case.name, part.number, part.content)

    def _open(self, use_case: SimulatedUseCase, part: CsvPart | None, registered: UseCase | None) -> _Checked:
        if part is None or not isinstance(use_case.source, CsvSource):
            complete = with_registered(use_case, registered)
            if not complete.lists_categories:
                raise InvalidUploadError("csv", "without rows, 'definition' must list all 'categories'")
            return _Checked(complete)
        with self._units() as work:
            content = work.uploads.content(use_case.name, complete=False)
            if content is None and work.uploads.is_last_again(use_case.name, part.number, part.content):
                content = work.uploads.content(use_case.name)
        digest = hashlib.sha256(content or b"")
        if content is None or part.sha256 not in (None, digest.hexdigest()):
            raise NotOneFileError(use_case.name)
        try:
            opened = open_file(use_case, use_case.source, content, registered)
        except CsvError as error:
            raise InvalidUploadError("csv", str(error)) from error
        return _Checked(opened.use_case, opened.divided, digest.digest())

    def _register(
        self, work: SimulatorUnitOfWork, checked: _Checked, use_case: SimulatedUseCase, caller: Caller
    ) -> None:
        is_new = checked.digest is not None and checked.digest == work.uploads.digest(use_case.name)
        if not (is_new or checked.digest in (None, work.uploads.digest(use_case.name, complete=True))):
            raise NotOneFileError(use_case.name)  # another one was begun since
        work.samples.register(checked.use_case.definition, checked.use_case.retention)
        if use_case.name not in self._known.of_files:
            work.uploads.keep_definition(use_case.name, use_case.model_dump(mode="json"))
        if is_new:
            work.uploads.complete(use_case.name)
        work.audit.add("add_use_case", use_case.name, caller, use_case=use_case.name)

    def _listed(self, work: SimulatorUnitOfWork, use_case: SimulatedUseCase) -> Listed:
        registered = work.samples.registered(use_case.name)
        sets = {} if registered is None else work.samples.sizes(registered)
        return Listed(use_case, registered, use_case.name not in self._known.of_files, sets)
