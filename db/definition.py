"""What a use case is: its task, its target and its features."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Names become PostgreSQL identifiers: at most 63 bytes, and nothing that psql would want quoted.
NAME = r"^[a-z][a-z0-9_]{0,62}$"
Identifier = Annotated[str, Field(pattern=NAME)]

# A name is what a row says, such as a station's; an empty one would be no different from a missing one.
CategoryName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
MOST_CATEGORIES = 1000

Days = Annotated[int, Field(ge=1, le=36500)]

RESERVED_SCHEMAS = frozenset({"public", "information_schema"})
# Columns of our own, the names that monitoring gives truth and prediction, and PostgreSQL's system columns.
RESERVED_COLUMNS = frozenset(
    {"sample_id", "dataset_id", "sample_index", "origin", "created_at", "class", "target", "prediction"}
    | {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
)


class Task(StrEnum):
    """What is predicted: one of several classes, or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class FeatureType(StrEnum):
    """How a feature is stored: `number` as double precision, `integer` as bigint, `category` as text."""

    NUMBER = "number"
    INTEGER = "integer"
    CATEGORY = "category"


class Feature(BaseModel):
    """One column of the samples.

    categories: of a category, the names it can have; in arrays each is its position in this list.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Identifier
    type: FeatureType = FeatureType.NUMBER
    categories: tuple[CategoryName, ...] = Field((), max_length=MOST_CATEGORIES)

    @model_validator(mode="after")
    def _categories_are_distinct(self) -> Self:
        if self.categories and self.type is not FeatureType.CATEGORY:
            raise ValueError(f"{self.name!r} has categories, so its type must be category")
        if len(set(self.categories)) < len(self.categories):
            twice = {name for name in self.categories if self.categories.count(name) > 1}
            raise ValueError(f"{self.name!r} lists categories twice: {', '.join(sorted(twice))}")
        return self


class Retention(BaseModel):
    """How many days things of a use case are kept; for good what is not named.

    live_rows_days: samples that came in live, with their targets and predictions.
    results_days: monitoring's results, reports among them; the last verdict stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    live_rows_days: Days | None = None
    results_days: Days | None = None


class UseCase(BaseModel):
    """A prediction problem, with datasets, samples, targets and predictions in a schema of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Identifier
    task: Task
    target: str = Field(min_length=1, description="What the target means; it is stored as `class`.")
    features: tuple[Feature, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if self.name in RESERVED_SCHEMAS or self.name.startswith("pg_"):
            raise ValueError(f"a use case cannot be called {self.name!r}: PostgreSQL keeps that name")
        names = self.feature_names
        twice = {name for name in names if names.count(name) > 1}
        taken = RESERVED_COLUMNS.intersection(names)
        if twice or taken:
            raise ValueError(f"feature names must be unique and free; change {sorted(twice | taken)}")
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def category_counts(self) -> tuple[int, ...]:
        """By feature, how many categories it has; 0 for numbers."""
        return tuple(len(feature.categories) for feature in self.features)

    @property
    def lists_categories(self) -> bool:
        """Whether the names of every category are known: before that, there is nothing to register."""
        return all(
            feature.categories or feature.type is not FeatureType.CATEGORY for feature in self.features
        )
