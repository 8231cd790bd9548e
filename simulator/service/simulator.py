"""The simulator: registers the use cases it knows and loads their sets."""

import logging
from collections.abc import Callable

import numpy as np

from db.sets import SetName
from fleet.caller import Caller
from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.fouling import (
    HEAVY,
    Floats,
    Fouling,
    Level,
    foul,
    foul_as_reference,
    refuse_inexact,
    swap_labels,
)
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.sources import DividedSource, divide
from simulator.service.unlisted import Unlisted, describe_unlisted, find_unlisted, with_unlisted

log = logging.getLogger(__name__)

NAME = "DataSimulator"


class SimulatorService:
    """Loads sets, each in one transaction.

    known: the use cases. units: opens a transaction.
    """

    def __init__(self, known: KnownUseCases, units: Callable[[], SimulatorUnitOfWork]) -> None:
        self._known = known
        self._units = units
        self._registered = False

    def register(self) -> None:
        """Make the use cases of files known to the fleet, with their tables; nothing once that has worked."""
        if self._registered:
            return
        self._known.register(self._units)
        self._registered = True

    def degraded(self) -> dict[str, str]:
        """Why some use cases cannot be used, in a sentence by name."""
        self.register()
        with self._units() as work:
            return self._known.degraded(work)

    def sizes(self, name: str) -> dict[str, int]:
        """Stored samples by set name."""
        self.register()
        with self._units() as work:
            return work.samples.sizes(self._known.definition(work, name))

    def name_sets(self, name: str) -> int:
        """Write the names of the three sets; returns how many there are."""
        self.register()
        with self._units() as work:
            count = work.samples.name_sets(self._known.definition(work, name))
            work.commit()
        return count

    def load(
        self,
        set_name: SetName,
        name: str,
        fouling: Fouling | Level = "reference",
        *,
        caller: Caller,
        unlisted: Callable[[dict[str, Unlisted]], object] = lambda _: None,
    ) -> int:
        """Load a set, in place of what was loaded before; returns its number of rows.

        fouling: of production only. unlisted: told, once they are stored, what is in no category.
        """
        self.register()
        with self._units() as work:
            opened = self._known.open(work, name)
        use_case = opened.use_case.definition
        rows = make_set(opened.use_case, set_name, fouling, opened.divided)
        with self._units() as work:
            if work.samples.registered(name) is None:  # only its file could tell its categories
                work.samples.register(use_case, opened.use_case.retention)
            count = work.samples.replace(use_case, set_name, rows, opened.digest)
            work.audit.add("load_set", set_name, caller, use_case=use_case.name)
            work.commit()
        found = find_unlisted(opened.use_case, rows)
        if found:
            log.warning("The %s set of '%s': %s", set_name, name, describe_unlisted(found))
        unlisted(found)
        return count


def make_set(
    use_case: SimulatedUseCase,
    set_name: SetName,
    fouling: Fouling | Level,
    divided: DividedSource | None = None,
) -> SimulatedSet:
    """The rows of one set, fouled if it is production. divided: the use case's, if it is at hand."""
    divided = divided or divide(use_case)
    index = divided.sets[set_name]
    rows = divided.source.rows(index)
    unlisted = divided.source.unlisted
    features = with_unlisted(rows.features, index, unlisted, use_case.feature_names)
    target = rows.target
    if set_name == "production":
        features = _fouled(features, divided, use_case, fouling)
        if isinstance(fouling, Fouling):
            classes = divided.source.classes
            target = swap_labels(target, None if classes is None else np.unique(classes), fouling)
    names = {name: found.names for name, found in unlisted.items()}
    return SimulatedSet(index, features, target, names)


def _fouled(
    features: Floats, divided: DividedSource, use_case: SimulatedUseCase, fouling: Fouling | Level
) -> Floats:
    if fouling == "none":
        return features
    categories = use_case.category_counts
    if fouling == "reference":
        fouled = foul_as_reference(features, categories)
    else:
        asked = HEAVY if fouling == "heavy" else fouling
        training = divided.source.rows(divided.sets["training"]).features
        fouled = foul(features, training, use_case.feature_names, asked, categories)
    refuse_inexact(fouled, use_case.features)
    return fouled
