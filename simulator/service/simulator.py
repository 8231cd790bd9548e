"""The simulator: registers the use cases it knows and loads their sets."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from db.definition import UseCase
from db.sets import SetName
from fleet.errors import NotFoundError
from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.fouling import HEAVY, Fouling, foul, foul_as_reference
from simulator.service.sources import SourceRows, read_source
from simulator.service.splitter import split_rows

NAME = "DataSimulator"
Level = Literal["reference", "heavy", "none"]


class NotSimulatedError(NotFoundError):
    """The use case is not one whose rows the simulator has."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"There is no use case '{name}' to simulate", f"Use cases: {', '.join(known)}")


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

    def register(self) -> None:
        """Make every use case known to the fleet, with its tables; does nothing once that has worked."""
        if self._registered:
            return
        with self._units() as work:
            for definition in self._definitions.values():
                work.samples.register(definition.definition)
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

    def load(self, set_name: SetName, name: str, fouling: Fouling | Level = "reference") -> int:
        """Load a set, in place of what was loaded before; returns its number of rows.

        fouling: of production only.
        """
        self.register()
        use_case = self._find(name)
        rows = make_set(use_case, set_name, fouling)
        with self._units() as work:
            count = work.samples.replace(use_case.definition, set_name, rows)
            work.commit()
        return count

    def _find(self, name: str) -> SimulatedUseCase:
        try:
            return self._definitions[name]
        except KeyError:
            raise NotSimulatedError(name, list(self._definitions)) from None


def make_set(use_case: SimulatedUseCase, set_name: SetName, fouling: Fouling | Level) -> SimulatedSet:
    """The rows of one set, fouled if it is production."""
    source = read_source(use_case)
    sets = split_rows(source.target, use_case.task)
    index = sets[set_name]
    features = source.features[index]
    if set_name == "production":
        features = _fouled(features, source, sets["training"], use_case.definition, fouling)
    return SimulatedSet(index.astype(np.int64), features, source.target[index])


def _fouled(
    features: np.ndarray,
    source: SourceRows,
    training: np.ndarray,
    use_case: UseCase,
    fouling: Fouling | Level,
) -> np.ndarray:
    if fouling == "none":
        return features
    if fouling == "reference":
        return foul_as_reference(features)
    asked = HEAVY if fouling == "heavy" else fouling
    return foul(features, source.features[training], use_case.feature_names, asked)
