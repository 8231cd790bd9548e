"""What the simulator is sent about use cases, and what it answers."""

from itertools import cycle
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel, UseCaseName
from simulator.web.conditions import condition
from simulator.web.schema import UnlistedAnswer

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
REMOVED_EXAMPLE: JsonDict = {
    "message": "Removed houses",
    "use_case": "houses",
    "rows": {"training": 300, "testing": 100, "production": 100},
    "deployments": 2,
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
    """What was added. registered: false until the last part is there. sets: rows to load, if any came.

    unlisted: by column, what of these rows is in no category; absent if nothing is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [ADDED_EXAMPLE]})

    message: str
    use_case: str
    task: Literal["classification", "regression"]
    registered: bool
    sets: dict[str, int] | None
    unlisted: dict[str, UnlistedAnswer] = {}


class RemovedAnswer(AnswerModel):
    """A use case was removed. rows: stored samples that went along, by set; deployments: how many did."""

    model_config = ConfigDict(json_schema_extra={"examples": [REMOVED_EXAMPLE]})

    message: str
    use_case: str
    rows: dict[str, int]
    deployments: int
