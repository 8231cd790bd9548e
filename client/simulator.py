"""The simulator: loads the sets."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, Required, TypedDict, Unpack, overload
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from client.answers import (
    AddedUseCase,
    LoadedSet,
    Pruned,
    PrunedUseCase,
    RemovedUseCase,
    StoredSets,
    Streamed,
    UseCase,
    UseCases,
)
from client.jobs import JobHandle, Jobs

__all__ = [
    "AddedUseCase",
    "Drift",
    "Fouling",
    "Labels",
    "Pruned",
    "PrunedUseCase",
    "RemovedUseCase",
    "Simulator",
    "Streamed",
    "UseCase",
]

SetName = Literal["training", "testing", "production", "dataset"]
# As JSON it is at most six times as many bytes, and bodies have up to 16 MB.
PART_CHARACTERS = 2_500_000
FoulingLevel = Literal["reference", "heavy", "none"]


class Drift(BaseModel):
    """How much of the fouling the first row has, and how much the last; 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: float = Field(0.0, serialization_alias="from")
    end: float = Field(1.0, serialization_alias="to")


class Labels(TypedDict, total=False):
    """Which truth follows a stream's rows. share: of the rows; delay_s: seconds after they were answered."""

    share: Required[float]
    delay_s: float


class How(TypedDict, total=False):
    """What else a stream may be told. seed: of its rows; without it they are others each time.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

    fouling: "FoulingLevel | Fouling | None"
    labels: Labels | None
    seed: int | None
    use_case: str | None
    idempotency_key: str | None


class Fouling(BaseModel):
    """How rows are fouled in detail; what is left out keeps its default, which changes nothing.

    shift: added, in standard deviations of the training column. scale: factor of every value.
    noise: standard deviation of what is added at random, in those of the training column.
    missing, outliers: shares of the values, 0 to 1. columns: only these features.
    rows: only this share of them, 0 to 1. swap_labels: share of the rows whose truth becomes another class.
    drift: has shift, scale, noise and swap_labels grow from the first row to the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shift: float | None = None
    scale: float | None = None
    noise: float | None = None
    missing: float | None = None
    outliers: float | None = None
    columns: tuple[str, ...] | None = None
    rows: float | None = None
    swap_labels: float | None = None
    drift: Drift | Literal[True] | None = None
    seed: int | None = None


class Simulator(Jobs):
    """`fleet.simulator`. use_case: whose data is meant, everywhere; the service's default is wine."""

    def load(
        self,
        set_name: SetName,
        *,
        fouling: FoulingLevel | Fouling | None = None,
        use_case: str | None = None,
    ) -> LoadedSet:
        """Loads a set, in place of what the simulator loaded before. fouling: of production only."""
        how = _fouling(fouling)
        return self._connection.post(LoadedSet, set_name=set_name, fouling=how, use_case=use_case)

    @overload
    def stream(
        self, rate: float, rows: int, *, wait: Literal[False] = False, **setting: Unpack[How]
    ) -> JobHandle[Streamed]: ...
    @overload
    def stream(self, rate: float, rows: int, *, wait: Literal[True], **setting: Unpack[How]) -> Streamed: ...
    def stream(
        self, rate: float, rows: int, *, wait: bool = False, **setting: Unpack[How]
    ) -> Streamed | JobHandle[Streamed]:
        """Has rows like the use case's own sent to ml_model, and the truth about some of them later: a job.

        rate: rows a second. rows: how many. wait: for its end, as long as a request may.
        Raises ConflictError if no model is live.
        """
        body: dict[str, Any] = {**setting, "rate": rate, "rows": rows}
        body["fouling"] = _fouling(setting.get("fouling"))
        if wait:
            return self._connection.post(Streamed, "/stream", **body)
        return JobHandle(self, self._connection.begin("/stream", **body), Streamed.model_validate)

    def prune(self, *, use_case: str | None = None, dry_run: bool = True) -> Pruned:
        """Says what is older than its use case wants it kept, and without dry_run deletes it."""
        return self._connection.post(Pruned, "/prune", use_case=use_case, dry_run=dry_run)

    def describe(self, *, use_case: str | None = None) -> StoredSets:
        """Says how many rows are stored."""
        return self._connection.get(StoredSets, use_case=use_case)

    def use_cases(self) -> list[UseCase]:
        """The use cases that can be played."""
        return self._connection.get(UseCases, "/use_cases").use_cases

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
        return self._connection.delete(RemovedUseCase, f"/use_cases/{quote(name, safe='')}")

    def _add(self, what: Mapping[str, Any], csv: str | None) -> AddedUseCase:
        if csv is None:
            return self._connection.post(AddedUseCase, "/use_cases", **what)
        starts = range(0, max(len(csv), 1), PART_CHARACTERS)
        parts = [csv[start : start + PART_CHARACTERS] for start in starts]
        digest = hashlib.sha256(csv.encode()).hexdigest()
        for number, part in enumerate(parts, 1):
            numbered: dict[str, Any] = {"csv": part, "part": number, "parts": len(parts), "sha256": digest}
            answer = self._connection.post(AddedUseCase, "/use_cases", **what, **numbered)
        return answer


def _fouling(asked: FoulingLevel | Fouling | None) -> dict[str, Any] | None:
    """As the service takes it."""
    if isinstance(asked, str):
        return {"level": asked}
    return None if asked is None else asked.model_dump(exclude_none=True, by_alias=True)
