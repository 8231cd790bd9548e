"""The models that answer requests, opened and in memory; what is live is looked up in the background."""

import hashlib
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.definition import Task, UseCase
from db.live import NothingLiveError
from db.use_cases import UnknownDeploymentError, UnknownUseCaseError
from fleet.errors import FleetError, OutOfTimeError, UnavailableError
from ml_model.persistence.model.deployment import LiveRole
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live.errors import NotOpenError
from ml_model.service.live.indexes import IndexReserve
from ml_model.service.live.open_models import OpenModels
from ml_model.service.live.opened import Served
from ml_model.service.live.table import Columns

log = logging.getLogger(__name__)

HASH_SIZE = 8
UNKNOWN_S = 0.25  # in which nobody looks again for a name that there is not
MOST_UNKNOWN = 1000
LATER = (UnavailableError, OutOfTimeError)  # the next look may go well


@dataclass(frozen=True)
class Live:
    """What serves a use case: one moment's state, which a request keeps from its start to its end.

    canaries: each with the upper end of its part of the traffic, 0 to 1, the parts side by side.
    troubles: of models that have a role and cannot serve, in sentences.
    """

    use_case: UseCase
    columns: Columns
    indexes: IndexReserve
    roles: tuple[LiveRole, ...] = ()
    active: Served | None = None
    canaries: tuple[tuple[float, Served], ...] = ()
    shadows: tuple[Served, ...] = ()
    failure: FleetError | None = None
    troubles: str = ""

    @property
    def is_classification(self) -> bool:
        """Whether predictions are classes, and so integers."""
        return self.use_case.task is Task.CLASSIFICATION

    def choose(self, key: str) -> Served:
        """The model that answers; for one key always the same, as long as the roles last.

        Raises NothingLiveError, NotOpenError.
        """
        if self.canaries:
            place = _place(key)
            for end, canary in self.canaries:
                if place < end:
                    return canary
        return self.current()

    def current(self) -> Served:
        """The model that answers whoever no canary does. Raises NothingLiveError, NotOpenError."""
        if self.active is None:
            raise self.failure or NothingLiveError(self.use_case.name)
        return self.active


def _place(key: str) -> float:
    """Where in [0, 1) a key is."""
    digest = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=HASH_SIZE).digest()
    return int.from_bytes(digest) / 2.0 ** (8 * HASH_SIZE)


class LiveModels:
    """The models of every use case.

    units: opens a transaction, in any thread. models: those that are open. index_block: numbers for samples
    that are fetched at a time.
    """

    def __init__(
        self, units: Callable[[], MlModelUnitOfWork], models: OpenModels, *, index_block: int
    ) -> None:
        self._units = units
        self._models = models
        self._index_block = index_block
        self._lives: Mapping[str, Live] = {}
        self._version: UUID | None = None
        self._unknown: dict[str, float] = {}
        self._turn = threading.Lock()
        self._without_numbers: dict[str, str] = {}
        self._began = 0.0  # of the last look that went well; 0 before there was one
        self._wake = threading.Event()

    def find(self, name: str) -> Live:
        """Raises UnknownUseCaseError; DatabaseUnavailableError before it was ever reached."""
        live = self._lives.get(name)
        if not self._began or (live is None and not self._was_unknown(name)):
            began = time.monotonic()
            self.refresh(since=began)
            live = self._lives.get(name)
            if live is None:
                self._remember_unknown(name, began)
        if live is None:
            raise UnknownUseCaseError(name, sorted(self._lives))
        return live

    def known(self, name: str) -> Live | None:
        """What is in memory, without a look at the database."""
        return self._lives.get(name)

    def degraded(self) -> dict[str, str]:
        """What cannot serve as it should, by use case: a model with a role that cannot be opened, say.

        It stops no other use case. Raises DatabaseUnavailableError before the database was ever reached.
        """
        if not self._began:
            self.refresh()
        found = {name: live.troubles for name, live in self._lives.items() if live.troubles}
        return found | self._without_numbers

    def named(self, use_case: str, deployment_id: int) -> Served:
        """A deployment's model, whether it is live or not.

        Without a look at the database where it is open: what a deployment is, and of which use case, never
        changes. Raises UnknownDeploymentError, ArtifactMissingError and the like.
        """
        served = self._models.find(deployment_id)
        if served is None:
            with self._units() as work:  # before it is opened: another use case's is not known here at all
                known = work.history.find(deployment_id).use_case == use_case
            served = self._models.open(deployment_id) if known else None
        if served is None or served.use_case != use_case:
            raise UnknownDeploymentError(deployment_id, use_case)
        return served

    def watch(self, interval_s: float) -> None:
        """Look for changes every so many seconds, in a thread, until the process ends."""
        thread = threading.Thread(target=self._watch, args=(interval_s,), daemon=True, name="live-models")
        thread.start()

    def notice(self) -> None:
        """Look at once, as something has changed; should that fail, the watcher looks again."""
        try:
            self.refresh()
        except FleetError as error:
            log.warning("What has changed is not seen yet: %s", error.error)

    def look_soon(self) -> None:
        """Have the watcher look without waiting for its time."""
        self._wake.set()

    def refresh(self, since: float | None = None) -> None:
        """Look whether anything has changed; then open what is new. Fetch numbers where they run low.

        since: of `time.monotonic`; a look of someone else's that began after it will do.
        """
        with self._turn:
            if since is not None and self._began > since:
                return
            began = time.monotonic()
            with self._units() as work:
                version = work.roles.version()  # first: what changes meanwhile is seen by the next look
                changed = version is None or version != self._version
                use_cases, lasting = (work.samples.every(), work.roles.lasting()) if changed else ([], [])
            if changed:
                self._see(use_cases, lasting)
            self._version, self._began = version, began
            self._fetch_indexes()

    def _was_unknown(self, name: str) -> bool:
        return time.monotonic() - self._unknown.get(name, -UNKNOWN_S) < UNKNOWN_S

    def _remember_unknown(self, name: str, moment: float) -> None:
        if len(self._unknown) >= MOST_UNKNOWN:
            self._unknown = {}
        self._unknown[name] = moment

    def _see(self, use_cases: list[UseCase], lasting: list[LiveRole]) -> None:
        roles = defaultdict(list)
        for role in lasting:
            roles[role.use_case].append(role)
        names = {each.name for each in use_cases}
        self._models.keep({role.deployment_id for role in lasting}, names)
        self._lives = {each.name: self._live(each, tuple(roles[each.name])) for each in use_cases}

    def _live(self, use_case: UseCase, roles: tuple[LiveRole, ...]) -> Live:
        known = self._lives.get(use_case.name)
        if known is not None and known.use_case == use_case and (roles or not known.roles):
            if known.roles == roles:
                return known
            columns, indexes = known.columns, known.indexes
        else:  # also one that was removed and registered anew: its numbers begin anew too
            columns, indexes = Columns(use_case), IndexReserve(self._index_block)
        parts = self._parts(use_case, roles)
        if parts["failure"] is not None and known is not None:
            parts["active"] = known.active  # better the model of a moment ago than none
        return Live(use_case, columns, indexes, roles, **parts)

    def _parts(self, use_case: UseCase, roles: tuple[LiveRole, ...]) -> dict[str, Any]:
        active, failure = None, None
        troubles: list[str] = []
        canaries: list[tuple[float, Served]] = []
        shadows: list[Served] = []
        for role in roles:
            try:
                served = self._models.open(role.deployment_id)
            except LATER:
                raise
            except FleetError as error:  # for good: it is tried again when the roles change
                trouble = f"The {role.role} deployment {role.deployment_id} cannot serve: {error.error}"
                troubles.append(trouble)
                if role.role == "active":
                    failure = NotOpenError(use_case.name, error.error)
                log.warning("%s", trouble)
                continue
            if role.role == "active":
                active = served
            elif role.role == "shadow":
                shadows.append(served)
            else:
                start = canaries[-1][0] if canaries else 0.0
                canaries.append((start + (role.share or 0.0), served))
        return {
            "active": active,
            "canaries": tuple(canaries),
            "shadows": tuple(shadows),
            "failure": failure,
            "troubles": "; ".join(troubles),
        }

    def _fetch_indexes(self) -> None:
        without = {}
        for name, live in self._lives.items():
            if not (live.roles and live.indexes.is_low):
                continue
            try:
                with self._units() as work:
                    numbers = work.live_samples.reserve(live.use_case, live.indexes.block)
                    work.commit()
            except FleetError as error:  # of its tables, perhaps: no reason for the others to wait
                log.warning("Rows of %s cannot be numbered: %s", name, error.error)
                without[name] = f"Its rows cannot be stored: {error.error}"
            else:
                live.indexes.add(numbers)
        self._without_numbers = without

    def _watch(self, interval_s: float) -> None:
        reached = True
        while True:
            try:
                self.refresh()
                reached = True
            except Exception as error:
                if not isinstance(error, FleetError):
                    log.exception("Looking for changes of what is live failed")
                elif reached:
                    log.warning("Changes of what is live are not seen: %s", error.error)
                reached = False
                time.sleep(interval_s)  # whoever wants another look soon waits all the same
            else:
                self._wake.wait(interval_s)
            self._wake.clear()
