"""The simulator's service, on a repository in memory."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import pytest

from db.definition import UseCase
from fleet.errors import UnavailableError
from simulator.config.settings import SimulatorSettings
from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.repository.definitions import read_definitions
from simulator.service.simulator import NotSimulatedError, SimulatorService
from tests.audit import AuditInMemory
from tests.callers import ALICE


class SamplesInMemory:
    """What the repository holds."""

    def __init__(self) -> None:
        self.registered: list[str] = []
        self.sets: dict[str, SimulatedSet] = {}

    def register(self, use_case: UseCase, _: object) -> None:
        self.registered.append(use_case.name)

    def name_sets(self, _: UseCase) -> int:
        return 3

    def sizes(self, _: UseCase) -> Mapping[str, int]:
        return {name: len(rows.target) for name, rows in self.sets.items()}

    def replace(self, _: UseCase, name: str, rows: SimulatedSet) -> int:
        self.sets[name] = rows
        return len(rows.target)


class UnitInMemory:
    """Counts commits; PostgreSQL may be down."""

    def __init__(self) -> None:
        self.samples = SamplesInMemory()
        self.audit = AuditInMemory()
        self.commits = 0
        self.down = False

    def __enter__(self) -> Self:
        if self.down:
            raise UnavailableError("down", "wait")
        return self

    def commit(self) -> None:
        self.commits += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to roll back."""


@pytest.fixture
def unit() -> UnitInMemory:
    return UnitInMemory()


@pytest.fixture
def definitions() -> dict[str, SimulatedUseCase]:
    return read_definitions(SimulatorSettings().use_cases_dir)


@pytest.fixture
def simulator(unit: UnitInMemory, definitions: dict[str, SimulatedUseCase]) -> SimulatorService:
    return SimulatorService(definitions, lambda: cast(Any, unit))


def test_use_cases_are_registered_once(simulator: SimulatorService, unit: UnitInMemory) -> None:
    for _ in range(3):
        simulator.register()
    simulator.sizes("wine")
    assert unit.samples.registered == ["wine"]


def test_registering_is_made_up_for_when_postgres_was_down(
    simulator: SimulatorService, unit: UnitInMemory
) -> None:
    unit.down = True
    with pytest.raises(UnavailableError):
        simulator.register()
    unit.down = False
    assert simulator.load("training", "wine", caller=ALICE) == 106
    assert unit.samples.registered == ["wine"]


def test_a_load_is_one_commit(simulator: SimulatorService, unit: UnitInMemory) -> None:
    simulator.register()
    before = unit.commits
    assert simulator.load("testing", "wine", caller=ALICE) == 36
    assert unit.commits == before + 1


@pytest.mark.parametrize("set_name", ["training", "testing"])
def test_only_production_is_fouled(simulator: SimulatorService, unit: UnitInMemory, set_name: Any) -> None:
    simulator.load(set_name, "wine", "heavy", caller=ALICE)
    heavy = unit.samples.sets[set_name].features
    simulator.load(set_name, "wine", "none", caller=ALICE)
    np.testing.assert_array_equal(unit.samples.sets[set_name].features, heavy)


def test_each_level_fouls_production_in_its_own_way(simulator: SimulatorService, unit: UnitInMemory) -> None:
    missing = {}
    for level in ("none", "reference", "heavy"):
        simulator.load("production", "wine", cast(Any, level), caller=ALICE)
        missing[level] = int(np.isnan(unit.samples.sets["production"].features).sum())
    assert missing["none"] == 0
    assert missing["reference"] == 13
    assert missing["heavy"] > 50


def test_an_unknown_use_case_is_named_with_the_known_ones(simulator: SimulatorService) -> None:
    with pytest.raises(NotSimulatedError, match="beer") as caught:
        simulator.load("training", "beer", caller=ALICE)
    assert "wine" in caught.value.message


def test_naming_the_sets_counts_them(simulator: SimulatorService) -> None:
    assert simulator.name_sets("wine") == 3
