"""The simulator's service, on a repository in memory."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import pytest

from db.definition import UseCase
from fleet.errors import UnavailableError
from simulator.config.settings import SimulatorSettings
from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.service.known_use_cases import (
    FileMissingError,
    KnownUseCases,
    NotSimulatedError,
    TooLargeSetError,
)
from simulator.service.simulator import SimulatorService
from tests.audit import AuditInMemory
from tests.callers import ALICE


class SamplesInMemory:
    """What the repository holds."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.use_cases: dict[str, UseCase] = {}
        self.sets: dict[str, SimulatedSet] = {}

    def register(self, use_case: UseCase, _: object) -> None:
        self.names.append(use_case.name)
        self.use_cases[use_case.name] = use_case

    def registered(self, name: str) -> UseCase | None:
        return self.use_cases.get(name)

    def name_sets(self, _: UseCase) -> int:
        return 3

    def sizes(self, _: UseCase) -> Mapping[str, int]:
        return {name: len(rows.target) for name, rows in self.sets.items()}

    def replace(self, _: UseCase, name: str, rows: SimulatedSet, digest: bytes | None) -> int:
        assert digest is None
        self.sets[name] = rows
        return len(rows.target)


class NothingUploaded:
    """The repository of uploads, empty."""

    def definition(self, _: str) -> None:
        return None

    def definitions(self) -> list[dict[str, Any]]:
        return []

    def content(self, _: str) -> None:
        return None


class UnitInMemory:
    """Counts commits; PostgreSQL may be down."""

    def __init__(self) -> None:
        self.samples = SamplesInMemory()
        self.audit = AuditInMemory()
        self.uploads = NothingUploaded()
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
def simulator(
    unit: UnitInMemory, definitions: dict[str, SimulatedUseCase], tmp_path: Path
) -> SimulatorService:
    return SimulatorService(KnownUseCases(definitions, DataFiles(tmp_path)), lambda: cast(Any, unit))


def test_use_cases_are_registered_once(simulator: SimulatorService, unit: UnitInMemory) -> None:
    for _ in range(3):
        simulator.register()
    simulator.sizes("wine")
    assert unit.samples.names == ["fire_brigade", "wine"]


def test_registering_is_made_up_for_when_postgres_was_down(
    simulator: SimulatorService, unit: UnitInMemory
) -> None:
    unit.down = True
    with pytest.raises(UnavailableError):
        simulator.register()
    unit.down = False
    assert simulator.load("training", "wine", caller=ALICE) == 106
    assert unit.samples.names == ["fire_brigade", "wine"]


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


def test_a_file_that_is_not_there_yet_is_named_with_what_to_do(simulator: SimulatorService) -> None:
    assert simulator.sizes("fire_brigade") == {}
    with pytest.raises(FileMissingError, match=r"global_data\.csv") as caught:
        simulator.load("training", "fire_brigade", caller=ALICE)
    assert "build_features" in caught.value.message


def test_made_up_rows_that_need_too_much_memory_are_refused_before_any_is_made(
    unit: UnitInMemory, tmp_path: Path
) -> None:
    clouds = SimulatedUseCase.model_validate(
        {
            "name": "clouds",
            "task": "regression",
            "target": "t",
            "features": [{"name": "x"}],
            "source": {"kind": "synthetic", "rows": 100_000_000},
        }
    )
    known = KnownUseCases({"clouds": clouds}, DataFiles(tmp_path), most_synthetic=2**30)
    simulator = SimulatorService(known, lambda: cast(Any, unit))
    with pytest.raises(
        TooLargeSetError, match="needs some 8773 MiB of memory; 1024 MiB are allowed"
    ) as refused:
        simulator.load("training", "clouds", caller=ALICE)
    assert "SIMULATOR_SYNTHETIC_MEMORY_MB" in refused.value.message
