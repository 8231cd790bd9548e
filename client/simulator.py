"""The simulator: loads the sets."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from client.answer import Answer
from client.connection import Connection

SetName = Literal["training", "testing", "production", "dataset"]
FoulingLevel = Literal["reference", "heavy", "none"]


class Fouling(BaseModel):
    """How production is fouled in detail; what is left out keeps its default, which changes nothing.

    shift: added, in standard deviations of the training column. scale: factor of every value.
    noise: standard deviation of what is added at random, in those of the training column.
    missing, outliers: shares of the values, 0 to 1. columns: only these features.
    rows: only this share of them, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift: float | None = None
    scale: float | None = None
    noise: float | None = None
    missing: float | None = None
    outliers: float | None = None
    columns: tuple[str, ...] | None = None
    rows: float | None = None
    seed: int | None = None


class LoadedSet(Answer):
    """A set was loaded. rows: that it has; of `dataset`, how many sets are named."""

    message: str
    rows: int


class StoredSets(Answer):
    """What is stored. sets: rows by set."""

    name: str
    message: str
    sets: dict[str, int]


class PrunedUseCase(Answer):
    """How much of a use case is due, or was deleted. live_rows: samples that came in live."""

    use_case: str
    live_rows: int
    results: int


class Pruned(Answer):
    """What is due, or was deleted. answers: by Idempotency-Key. live_runs: of MLflow, which must stay."""

    message: str
    dry_run: bool
    use_cases: list[PrunedUseCase]
    answers: int
    live_runs: list[str]


class Simulator:
    """`fleet.simulator`. use_case: whose data is meant, everywhere; the service's default is wine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(
        self,
        set_name: SetName,
        *,
        fouling: FoulingLevel | Fouling | None = None,
        use_case: str | None = None,
    ) -> LoadedSet:
        """Loads a set, in place of what the simulator loaded before. fouling: of production only."""
        how = (
            {"level": fouling}
            if isinstance(fouling, str)
            else fouling and fouling.model_dump(exclude_none=True)
        )
        body = {"set_name": set_name, "fouling": how, "use_case": use_case}
        return self._connection.ask(LoadedSet, "POST", body=body)

    def prune(self, *, use_case: str | None = None, dry_run: bool = True) -> Pruned:
        """Says what is older than its use case wants it kept, and without dry_run deletes it."""
        body = {"use_case": use_case, "dry_run": dry_run}
        return self._connection.ask(Pruned, "POST", "/prune", body=body)

    def describe(self, *, use_case: str | None = None) -> StoredSets:
        """Says how many rows are stored."""
        return self._connection.ask(StoredSets, "GET", query={"use_case": use_case})
