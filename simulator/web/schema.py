"""What the simulator is sent, and what it answers."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic.config import JsonDict

from fleet.settings import SEED
from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel, UseCaseName
from simulator.web.conditions import condition

Share = Annotated[float, Field(ge=0, le=1)]
Level = Literal["reference", "heavy", "none"]
DETAILS: JsonDict = {
    "shift": 0.0,
    "scale": 1.0,
    "noise": 0.0,
    "missing": 0.0,
    "outliers": 0.0,
    "columns": None,
    "rows": 1.0,
    "seed": SEED,
}
LEVEL_OR_DETAILS = condition(
    {"required": ["level"], "properties": {"level": {"type": "string"}}},
    {"properties": {detail: {"const": default} for detail, default in DETAILS.items()}},
    {"anyOf": [{"required": [detail]} for detail in DETAILS]},
)
PRUNE_EXAMPLE: JsonDict = {
    "message": "Nothing was deleted: this is what is due",
    "dry_run": True,
    "use_cases": [{"use_case": "wine", "live_rows": 1200, "results": 3}],
    "answers": 12,
    "live_runs": ["0123456789abcdef0123456789abcdef"],
}
ONLY_PRODUCTION_IS_FOULED = condition(
    {"properties": {"set_name": {"const": "production"}}},
    {},
    {"properties": {"fouling": {"type": "null"}}},
)


def _as_tuple(value: object) -> object:
    """JSON has lists only, and its types are taken strictly."""
    return tuple(value) if isinstance(value, list) else value


class FoulingRequest(RequestModel):
    """How production is fouled: a level, or any of the others."""

    # Strict in forms too: there it is written as JSON, which has types.
    model_config = ConfigDict(strict=True, json_schema_extra=LEVEL_OR_DETAILS)

    level: Level | None = None
    shift: float = Field(0.0, ge=-1e6, le=1e6)
    scale: float = Field(1.0, ge=-1e6, le=1e6)
    noise: float = Field(0.0, ge=0, le=1e6)
    missing: Share = 0.0
    outliers: Share = 0.0
    columns: Annotated[tuple[str, ...] | None, BeforeValidator(_as_tuple)] = Field(None, min_length=1)
    rows: Share = 1.0
    seed: int = Field(SEED, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _level_or_details(self) -> Self:
        details = self.model_fields_set - {"level"}
        # Generated clients send what they are not told as its default.
        if self.level is not None and any(getattr(self, name) != DETAILS[name] for name in details):
            raise ValueError("give either 'level' or the details, not both")
        if self.level is None and not details:
            raise ValueError("give a 'level' or at least one detail")
        return self


def _level_alone(value: object) -> object:
    """`-d fouling=heavy` is what people try first."""
    return {"level": value} if isinstance(value, str) else value


class LoadRequest(RequestModel):
    """`POST /root/simulator`."""

    model_config = ConfigDict(
        json_schema_extra={
            **ONLY_PRODUCTION_IS_FOULED,
            "examples": [{"set_name": "training"}, {"set_name": "production", "fouling": "heavy"}],
        }
    )

    set_name: Literal["training", "testing", "production", "dataset"]
    use_case: UseCaseName = "wine"
    fouling: Annotated[
        FoulingRequest | None,
        BeforeValidator(_level_alone, json_schema_input_type=FoulingRequest | Level | None),
    ] = None

    @model_validator(mode="after")
    def _only_production_is_fouled(self) -> Self:
        if self.fouling is not None and self.set_name != "production":
            raise ValueError("'fouling' is for set_name 'production' only; leave it out")
        return self


class DescribeRequest(RequestModel):
    """`GET /root/simulator`."""

    use_case: UseCaseName = "wine"


class UnlistedAnswer(AnswerModel):
    """How many rows of a column are in no category. share: of the rows; examples: the most frequent names."""

    rows: int
    share: float
    examples: list[str]


class PruneRequest(RequestModel):
    """`POST /root/simulator/prune`. use_case: only its own things. dry_run: only say what is due."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"dry_run": False}]})

    use_case: UseCaseName | None = None
    dry_run: StrictBool = True


class PrunedUseCase(AnswerModel):
    """How much of a use case is due, or was deleted."""

    use_case: str
    live_rows: int
    results: int


class PruneAnswer(AnswerModel):
    """What is due or, without dry_run, was deleted.

    answers: by Idempotency-Key, of the whole fleet. live_runs: of MLflow, that what is live was chosen from.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PRUNE_EXAMPLE]})

    message: str
    dry_run: bool
    use_cases: list[PrunedUseCase]
    answers: int
    live_runs: list[str]


class SimulatorAnswer(AnswerModel):
    """The use case's stored samples, by set."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "DataSimulator",
                    "message": "Simulator",
                    "sets": {"training": 106, "testing": 36, "production": 36},
                }
            ]
        }
    )

    name: str
    message: str
    sets: dict[str, int]


class LoadAnswer(AnswerModel):
    """A set was loaded. rows: of it; of `dataset`, how many sets there are.

    unlisted: by column, what of these rows is in no category; absent if nothing is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Load training set", "rows": 106}]})

    message: str
    rows: int
    unlisted: dict[str, UnlistedAnswer] = {}
