"""A use case and where its rows come from, as a definition file says it."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from db.definition import Feature, Retention, UseCase
from fleet.settings import SEED

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
# Below the folder of the data files, and nowhere else.
FilePath = Annotated[str, Field(pattern=r"^[\w-][\w. -]*(/[\w-][\w. -]*)*$", max_length=200)]


class BundledSource(BaseModel):
    """A data set that scikit-learn brings along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["bundled"]
    dataset: Literal["wine"]


class SyntheticSource(BaseModel):
    """Made-up rows of any number, for trying out sizes: seeded, so always the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["synthetic"]
    rows: int = Field(ge=50, le=100_000_000)
    classes: int = Field(3, ge=2, le=100)
    seed: int = Field(SEED, ge=0)

    @model_validator(mode="after")
    def _classes_can_be_split(self) -> Self:
        if self.rows < 10 * self.classes:
            raise ValueError(f"{self.classes} classes need at least {10 * self.classes} rows")
        return self


class CsvSource(BaseModel):
    """A CSV file, in UTF-8, with a header.

    file: below the simulator's folder of data files, unless its content is uploaded.
    columns: the file's columns by feature, of those that are called otherwise there.
    missing_file: what to do when the file is not there, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["csv"]
    file: FilePath
    target_column: ColumnName
    columns: Mapping[str, ColumnName] = {}
    missing_file: str | None = Field(None, max_length=300)

    def column(self, feature: str) -> str:
        """What the file calls a feature."""
        return self.columns.get(feature, feature)


class RandomSplit(BaseModel):
    """60 / 20 / 20 %, at random but always the same, stratified by class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["random"] = "random"


class TimeSplit(BaseModel):
    """The oldest 60 % train, the next 20 % test, the newest are production. column: ISO 8601, or numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["time"]
    column: ColumnName


class ColumnSplit(BaseModel):
    """A column says of each row which set it is in: training, testing or production."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["column"]
    column: ColumnName


class SimulatedUseCase(UseCase):
    """One definition: a file of the folder of definitions, or one that was uploaded."""

    retention: Retention = Retention()
    source: Annotated[BundledSource | SyntheticSource | CsvSource, Field(discriminator="kind")]
    split: Annotated[RandomSplit | TimeSplit | ColumnSplit, Field(discriminator="kind")] = RandomSplit()

    @model_validator(mode="after")
    def _source_and_the_rest_fit(self) -> Self:
        if not isinstance(self.source, CsvSource):
            if any(feature.type == "category" for feature in self.features):
                raise ValueError("categories come from a source of kind csv only")
            if self.split.kind != "random":
                raise ValueError(f"split {self.split.kind!r} needs a source of kind csv")
        elif unknown := set(self.source.columns) - set(self.feature_names):
            raise ValueError(f"source.columns names no feature with {', '.join(sorted(unknown))}")
        return self

    @property
    def definition(self) -> UseCase:
        """The part that every other service shares."""
        return UseCase(name=self.name, task=self.task, target=self.target, features=self.features)

    def with_features(self, features: tuple[Feature, ...]) -> Self:
        """The same with these features, whose categories are listed."""
        return self.model_copy(update={"features": features})
