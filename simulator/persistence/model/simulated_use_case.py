"""A use case and where its rows come from, as a definition file says it."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from db.definition import Retention, UseCase
from fleet.settings import SEED


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


class SimulatedUseCase(UseCase):
    """One file of the folder of definitions."""

    retention: Retention = Retention()
    source: Annotated[BundledSource | SyntheticSource, Field(discriminator="kind")]

    @property
    def definition(self) -> UseCase:
        """The part that every other service shares."""
        return UseCase(name=self.name, task=self.task, target=self.target, features=self.features)
