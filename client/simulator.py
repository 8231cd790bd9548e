"""The simulator: loads the sets."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from client.answer import Answer
from client.connection import Connection

SetName = Literal["training", "testing", "production", "dataset"]
Task = Literal["classification", "regression"]
# As JSON it is at most six times as many bytes, and bodies have up to 16 MB.
PART_CHARACTERS = 2_500_000
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


class Unlisted(Answer):
    """How many rows of a column are in no category. share: of the rows; examples: the most frequent names."""

    rows: int
    share: float
    examples: list[str]


class LoadedSet(Answer):
    """A set was loaded. rows: that it has; of `dataset`, how many sets are named.

    unlisted: by column, what of these rows is in no category.
    """

    message: str
    rows: int
    unlisted: dict[str, Unlisted] = {}


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


class AddedUseCase(Answer):
    """What was added. registered: whether all is there. sets: rows to load, None where no rows were sent.

    unlisted: by column, what of these rows is in no category.
    """

    message: str
    use_case: str
    task: Task
    registered: bool
    sets: dict[str, int] | None
    unlisted: dict[str, Unlisted] = {}


class RemovedUseCase(Answer):
    """A use case was removed. rows: stored samples that went along, by set; deployments: how many did."""

    message: str
    use_case: str
    rows: dict[str, int]
    deployments: int


class Feature(Answer):
    """A feature. categories: of a category, its names in the order of their positions."""

    name: str
    type: Literal["number", "integer", "category"]
    categories: list[str]


class UseCase(Answer):
    """A use case that the simulator can play. sets: stored rows by set."""

    name: str
    task: Task
    target: str
    features: list[Feature]
    source: Literal["bundled", "synthetic", "csv"]
    split: Literal["random", "time", "column"]
    uploaded: bool
    registered: bool
    sets: dict[str, int]


class UseCases(Answer):
    """Every use case."""

    use_cases: list[UseCase]


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

    def use_cases(self) -> list[UseCase]:
        """The use cases that can be played."""
        return self._connection.ask(UseCases, "GET", "/use_cases").use_cases

    def add_use_case(self, definition: Mapping[str, Any], csv: str | None = None) -> AddedUseCase:
        """Registers a use case, with its rows if its source is a CSV file, whose text this is.

        Raises InvalidError if the definition or the rows cannot be used, ConflictError if the name is taken.
        """
        return self._add({"definition": definition}, csv)

    def send_rows(self, use_case: str, csv: str) -> AddedUseCase:
        """Sends a known use case the rows of a CSV file, in place of those that were sent before."""
        return self._add({"use_case": use_case}, csv)

    def remove_use_case(self, name: str) -> RemovedUseCase:
        """Removes a use case with its rows, models and results, for good.

        Raises NotFoundError if there is none, ConflictError if it is one that the simulator brings.
        """
        return self._connection.ask(RemovedUseCase, "DELETE", f"/use_cases/{quote(name, safe='')}")

    def _add(self, what: Mapping[str, Any], csv: str | None) -> AddedUseCase:
        if csv is None:
            return self._connection.ask(AddedUseCase, "POST", "/use_cases", body=what)
        starts = range(0, max(len(csv), 1), PART_CHARACTERS)
        parts = [csv[start : start + PART_CHARACTERS] for start in starts]
        digest = hashlib.sha256(csv.encode()).hexdigest()
        for number, part in enumerate(parts, 1):
            numbered = {"csv": part, "part": number, "parts": len(parts), "sha256": digest}
            answer = self._connection.ask(AddedUseCase, "POST", "/use_cases", body={**what, **numbered})
        return answer
