"""What `./launch.sh prune` asks for, and says."""

from typing import cast

import pytest

from client.fleet import Fleet
from client.simulator import Pruned, PrunedUseCase
from launcher.pruning import prune


class FakeFleet:
    """A fleet whose simulator says what is due."""

    def __init__(self, live_rows: int = 0, live_runs: list[str] | None = None) -> None:
        self.asked: list[bool] = []
        self._live_rows = live_rows
        self._live_runs = live_runs or []

    @property
    def simulator(self) -> "FakeFleet":
        return self

    def prune(self, *, dry_run: bool) -> Pruned:
        self.asked.append(dry_run)
        return Pruned(
            message="",
            dry_run=dry_run,
            use_cases=[PrunedUseCase(use_case="wine", live_rows=self._live_rows, results=0)],
            answers=0,
            live_runs=self._live_runs,
        )


class FakeMlflow:
    """Remembers with which arguments the program was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> str:
        self.started.append(arguments)
        return 'a warning\n{"runs": 2, "experiments": 1}\n'


def pruned(
    fleet: FakeFleet, mlflow: FakeMlflow, days: int | None = None, *, dry_run: bool = True
) -> list[str]:
    return prune(cast(Fleet, fleet), mlflow, days, dry_run=dry_run)


def test_what_there_is_nothing_of_is_not_said() -> None:
    fleet = FakeFleet()
    assert pruned(fleet, FakeMlflow()) == []
    assert fleet.asked == [True]


def test_what_is_due_is_said_by_use_case() -> None:
    (line,) = pruned(FakeFleet(live_rows=12), FakeMlflow())
    assert line.split()[:4] == ["12", "wine:", "live", "rows,"]


def test_without_a_setting_mlflow_is_left_alone() -> None:
    mlflow = FakeMlflow()
    pruned(FakeFleet(), mlflow, dry_run=False)
    assert mlflow.started == []


@pytest.mark.parametrize(("dry_run", "options"), [(True, ()), (False, ("--delete",))])
def test_runs_of_what_is_live_are_kept(dry_run: bool, options: tuple[str, ...]) -> None:
    fleet, mlflow = FakeFleet(live_runs=["a", "b"]), FakeMlflow()
    lines = pruned(fleet, mlflow, 30, dry_run=dry_run)
    assert mlflow.started == [("-m", "mlflow_server.prune", "30", "--keep=a", "--keep=b", *options)]
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert fleet.asked == [dry_run]
