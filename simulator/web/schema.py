"""What the simulator is sent, and what it answers."""

from itertools import cycle
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic.config import JsonDict

from fleet.settings import SEED
from fleet.web.answers import AnswerModel
from fleet.web.conditions import condition
from fleet.web.validation import RequestModel, UseCaseName

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
MOST_PARTS = 64
ROWS_OF_HOUSES = "area,district,price\n" + "".join(
    f"{area},{district},{3000 * area}\n"
    for area, district in zip(range(50, 70), cycle(["North", "South"]), strict=False)
)
ADD_EXAMPLE: JsonDict = {
    "definition": {
        "name": "houses",
        "task": "regression",
        "target": "price",
        "features": [{"name": "area"}, {"name": "district", "type": "category"}],
        "source": {"kind": "csv", "file": "houses.csv", "target_column": "price"},
        "split": {"kind": "random"},
    },
    "csv": ROWS_OF_HOUSES,
}
ROWS_EXAMPLE: JsonDict = {"use_case": "houses", "csv": ROWS_OF_HOUSES, "part": 1, "parts": 1}
ADDED_EXAMPLE: JsonDict = {
    "message": "Registered houses",
    "use_case": "houses",
    "task": "regression",
    "registered": True,
    "sets": {"training": 12, "testing": 4, "production": 4},
}
USE_CASES_EXAMPLE: JsonDict = {
    "use_cases": [
        {
            "name": "houses",
            "task": "regression",
            "target": "price",
            "features": [
                {"name": "area", "type": "number", "categories": []},
                {"name": "district", "type": "category", "categories": ["North", "South"]},
            ],
            "source": "csv",
            "split": "random",
            "uploaded": True,
            "registered": True,
            "sets": {"training": 300, "testing": 0, "production": 0},
        }
    ]
}
LATER_PART: JsonDict = {"required": ["part"], "properties": {"part": {"minimum": 2}}}
NEW_USE_CASE: JsonDict = {"required": ["definition"], "properties": {"definition": {"type": "object"}}}
ADDITIONS = condition(
    LATER_PART,
    {"required": ["csv", "parts"], "properties": {"csv": {"type": "string"}, "parts": {"minimum": 2}}},
    condition(
        NEW_USE_CASE,
        {"properties": {"use_case": {"type": "null"}}},
        {
            "required": ["use_case", "csv"],
            "properties": {"use_case": {"type": "string"}, "csv": {"type": "string"}},
        },
    ),
)
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


class AddUseCaseRequest(RequestModel):
    """`POST /root/simulator/use_cases`.

    definition: what a file of definitions holds, as JSON. use_case: instead, a known one, to send it rows.
    csv: the rows, as the text of a CSV file, or a part of it. part, parts: its number, from 1, and how many
    there are. sha256: of the whole file in UTF-8, checked with the last part.
    """

    model_config = ConfigDict(json_schema_extra={**ADDITIONS, "examples": [ADD_EXAMPLE, ROWS_EXAMPLE]})

    definition: dict[str, Any] | None = None
    use_case: UseCaseName | None = None
    csv: str | None = None
    part: int = Field(1, ge=1, le=MOST_PARTS)
    parts: int = Field(1, ge=1, le=MOST_PARTS)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one_use_case_and_one_part(self) -> Self:
        if (self.definition is None) == (self.use_case is None):
            raise ValueError("give either 'definition', or 'use_case' and 'csv'")
        if self.use_case is not None and self.csv is None:
            raise ValueError("'use_case' goes with 'csv', the rows to send; otherwise give 'definition'")
        if self.part > self.parts:
            raise ValueError(f"'part': there is no part {self.part} of {self.parts}")
        return self


class FeatureAnswer(AnswerModel):
    """A feature. categories: of a category, its names in the order of their positions."""

    name: str
    type: Literal["number", "integer", "category"]
    categories: list[str]


class ListedUseCase(AnswerModel):
    """A use case that can be played. registered: false until its file tells what its categories are."""

    name: str
    task: Literal["classification", "regression"]
    target: str
    features: list[FeatureAnswer]
    source: Literal["bundled", "synthetic", "csv"]
    split: Literal["random", "time", "column"]
    uploaded: bool
    registered: bool
    sets: dict[str, int]


class UseCasesAnswer(AnswerModel):
    """The simulator's own use cases, then those that were uploaded; sets: stored rows."""

    model_config = ConfigDict(json_schema_extra={"examples": [USE_CASES_EXAMPLE]})

    use_cases: list[ListedUseCase]


class AddedAnswer(AnswerModel):
    """What was added. registered: false until the last part is there. sets: rows to load, if any came."""

    model_config = ConfigDict(json_schema_extra={"examples": [ADDED_EXAMPLE]})

    message: str
    use_case: str
    task: Literal["classification", "regression"]
    registered: bool
    sets: dict[str, int] | None


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
    """A set was loaded. rows: of it; of `dataset`, how many sets there are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Load training set", "rows": 106}]})

    message: str
    rows: int
