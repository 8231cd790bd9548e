"""What the simulator is sent, and what it answers."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic.config import JsonDict

from fleet.settings import SEED
from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel, UseCaseName
from simulator.service.fouling import Drift, Fouling, Level
from simulator.web.conditions import condition

Share = Annotated[float, Field(ge=0, le=1)]
DETAILS: JsonDict = {
    "shift": 0.0,
    "scale": 1.0,
    "noise": 0.0,
    "missing": 0.0,
    "outliers": 0.0,
    "columns": None,
    "rows": 1.0,
    "swap_labels": 0.0,
    "drift": None,
    "seed": SEED,
}
GROWING = ("shift", "scale", "noise", "swap_labels")  # with a drift
SOMETHING_DRIFTS = condition(
    {"required": ["drift"], "properties": {"drift": {"not": {"type": "null"}}}},
    {
        "anyOf": [
            {"required": [name], "properties": {name: {"not": {"const": DETAILS[name]}}}} for name in GROWING
        ]
    },
    {},
)
LEVEL_OR_DETAILS = condition(
    {"required": ["level"], "properties": {"level": {"type": "string"}}},
    {"properties": {detail: {"const": default} for detail, default in DETAILS.items()}},
    {"anyOf": [{"required": [detail]} for detail in DETAILS], **SOMETHING_DRIFTS},
)
MOST_RATE = 10_000
MOST_STREAMED = 10_000_000
LONGEST_STREAM_S = 10_000_000  # that any job may take
STREAM_EXAMPLE: JsonDict = {
    "rate": 200,
    "rows": 1000,
    "fouling": {
        "shift": 1.0,
        "columns": ["alcohol", "hue"],
        "swap_labels": 0.2,
        "drift": {"from": 0, "to": 1},
    },
    "labels": {"share": 0.5, "delay_s": 1},
    "seed": 1,
}
STREAMED_EXAMPLE: JsonDict = {
    "message": "Streamed 1000 rows",
    "use_case": "wine",
    "rows": 1000,
    "in_doubt": 0,
    "labels": 500,
    "labels_unknown": 0,
    "first_index": 1000000000,
    "last_index": 1000000999,
    "seed": 1,
}
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


class DriftRequest(RequestModel):
    """How much of the fouling the first row has, and how much the last one."""

    model_config = ConfigDict(strict=True)

    begin: Share = Field(0.0, alias="from")
    end: Share = Field(1.0, alias="to")


def _from_nothing_to_the_whole(value: object) -> object:
    """`"drift": true` is the usual one."""
    return {} if value is True else value


class FoulingRequest(RequestModel):
    """How rows are fouled: a level, or any of the others.

    swap_labels: share of the rows whose truth becomes another class. drift: shift, scale, noise and
    swap_labels grow from the first row to the last.
    """

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
    swap_labels: Share = 0.0
    drift: Annotated[
        DriftRequest | None,
        BeforeValidator(
            _from_nothing_to_the_whole, json_schema_input_type=DriftRequest | Literal[True] | None
        ),
    ] = None
    seed: int = Field(SEED, ge=0, lt=2**32)

    def asked(self) -> Fouling | Level:
        """The same as the service takes it."""
        details = self.model_dump(exclude={"level", "drift"})
        drift = None if self.drift is None else Drift(self.drift.begin, self.drift.end)
        return self.level or Fouling(**details, drift=drift)

    @model_validator(mode="after")
    def _level_or_details(self) -> Self:
        details = self.model_fields_set - {"level"}
        # Generated clients send what they are not told as its default.
        if self.level is not None and any(getattr(self, name) != DETAILS[name] for name in details):
            raise ValueError("give either 'level' or the details, not both")
        if self.level is None and not details:
            raise ValueError("give a 'level' or at least one detail")
        if self.drift is not None and all(getattr(self, name) == DETAILS[name] for name in GROWING):
            raise ValueError("'drift' is of 'shift', 'scale', 'noise' or 'swap_labels': give one of them too")
        return self


def _level_alone(value: object) -> object:
    """`-d fouling=heavy` is what people try first."""
    return {"level": value} if isinstance(value, str) else value


FoulingAsked = Annotated[
    FoulingRequest | None,
    BeforeValidator(_level_alone, json_schema_input_type=FoulingRequest | Level | None),
]


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
    fouling: FoulingAsked = None

    @model_validator(mode="after")
    def _only_production_is_fouled(self) -> Self:
        if self.fouling is not None and self.set_name != "production":
            raise ValueError("'fouling' is for set_name 'production' only; leave it out")
        return self


class LabelsRequest(RequestModel):
    """Which truth follows. share: of the rows; delay_s: seconds after their prediction."""

    share: Share
    delay_s: float = Field(0.0, ge=0, le=LONGEST_STREAM_S)


class StreamRequest(RequestModel):
    """`POST /root/simulator/stream`. rate: rows a second. seed: of the rows; without it they are new ones."""

    model_config = ConfigDict(json_schema_extra={"examples": [STREAM_EXAMPLE, {"rate": 100, "rows": 200}]})

    rate: float = Field(gt=0, le=MOST_RATE)
    rows: int = Field(ge=1, le=MOST_STREAMED)
    fouling: FoulingAsked = None
    labels: LabelsRequest | None = None
    seed: int | None = Field(None, ge=0, lt=2**32)
    use_case: UseCaseName = "wine"


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


class StreamAnswer(AnswerModel):
    """A stream has ended. rows: that were answered. in_doubt: that may have arrived, or not.

    labels: rows whose truth was stored. labels_unknown: whose sample was not there. first_index, last_index:
    sample_index of the first and the last; others came in between. Null if none was stored.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [STREAMED_EXAMPLE]})

    message: str
    use_case: str
    rows: int
    in_doubt: int
    labels: int
    labels_unknown: int
    first_index: int | None
    last_index: int | None
    seed: int
