"""The simulator: registers the use cases it knows and loads their sets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from db.sets import SetName
from fleet.caller import Caller
from fleet.errors import NotFoundError
from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.fouling import HEAVY, Floats, Fouling, foul, foul_as_reference
from simulator.service.sources import Indexes, Source, open_source
from simulator.service.splitter import split_rows

NAME = "DataSimulator"
Level = Literal["reference", "heavy", "none"]


class NotSimulatedError(NotFoundError):
    """The use case is not one whose rows the simulator has."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no use case '{name}' to simulate", f"Use cases: {', '.join(known)}")


@dataclass(frozen=True)
class DividedSource:
    """A source, and the row numbers of the three sets."""

    source: Source
    sets: Mapping[str, Indexes]


def divide(use_case: SimulatedUseCase) -> DividedSource:
    """Open the source of a use case and split its rows."""
    source = open_source(use_case)
    return DividedSource(source, split_rows(source.count, source.classes))


class SimulatorService:
    """Loads sets, each in one transaction.

    definitions: the use cases by name. units: opens a transaction.
    """

    def __init__(
        self, definitions: Mapping[str, SimulatedUseCase], units: Callable[[], SimulatorUnitOfWork]
    ) -> None:
        self._definitions = definitions
        self._units = units
        self._registered = False
        self._sources: dict[str, DividedSource] = {}  # numbers of rows; large sets are made anew

    def register(self) -> None:
        """Make every use case known to the fleet, with its tables; does nothing once that has worked."""
        if self._registered:
            return
        with self._units() as work:
            for definition in self._definitions.values():
                work.samples.register(definition.definition, definition.retention)
            work.commit()
        self._registered = True

    def sizes(self, name: str) -> dict[str, int]:
        """Stored samples by set name."""
        self.register()
        with self._units() as work:
            return work.samples.sizes(self._find(name).definition)

    def name_sets(self, name: str) -> int:
        """Write the names of the three sets; returns how many there are."""
        self.register()
        with self._units() as work:
            count = work.samples.name_sets(self._find(name).definition)
            work.commit()
        return count

    def load(
        self, set_name: SetName, name: str, fouling: Fouling | Level = "reference", *, caller: Caller
    ) -> int:
        """Load a set, in place of what was loaded before; returns its number of rows.

        fouling: of production only.
        """
        self.register()
        use_case = self._find(name)
        rows = make_set(use_case, set_name, fouling, self._divided(use_case))
        with self._units() as work:
            count = work.samples.replace(use_case.definition, set_name, rows)
            work.audit.add("load_set", set_name, caller, use_case=use_case.name)
            work.commit()
        return count

    def _divided(self, use_case: SimulatedUseCase) -> DividedSource:
        if use_case.name not in self._sources:
            self._sources[use_case.name] = divide(use_case)
        return self._sources[use_case.name]

    def _find(self, name: str) -> SimulatedUseCase:
        try:
            return self._definitions[name]
        except KeyError:
            raise NotSimulatedError(name, list(self._definitions)) from None


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
    features = rows.features
    if set_name == "production":
        features = _fouled(features, divided, use_case.feature_names, fouling)
    return SimulatedSet(index, features, rows.target)


def _fouled(
    features: Floats, divided: DividedSource, names: Sequence[str], fouling: Fouling | Level
) -> Floats:
    if fouling == "none":
        return features
    if fouling == "reference":
        return foul_as_reference(features)
    asked = HEAVY if fouling == "heavy" else fouling
    training = divided.source.rows(divided.sets["training"]).features
    return foul(features, training, names, asked)
