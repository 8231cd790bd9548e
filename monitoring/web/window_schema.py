"""How requests name the rows that they are about, and what those are held against."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, TypeAdapter, model_validator

from fleet.web.validation import PositiveNumber, RequestModel
from monitoring.persistence.model.window import Between, LastRows, Numbered, Window

RowNumber = Annotated[int, Field(ge=0, lt=2**63)]
ANY_MOMENT = TypeAdapter[datetime](AwareDatetime)


def _moment(value: object) -> object:
    return ANY_MOMENT.validate_python(value, strict=False) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment, json_schema_input_type=AwareDatetime)]
"""A moment, which JSON has no type for, as text with its offset."""
FORMS = 'give {"last": n}, or {"since", "until"} or one of them, or {"rows": [from, to]}'


class WindowField(RequestModel):
    """Rows of production, in one of three forms.

    last: the last so many in order of arrival. since, until: when they came in, both included; either may be
    absent. rows: their sample_index, from the one to the other, both included.
    """

    last: PositiveNumber | None = None
    since: Moment | None = None
    until: Moment | None = None
    rows: Annotated[list[RowNumber], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _is_one_window(self) -> Self:
        timed = self.since is not None or self.until is not None
        if (self.last is not None) + timed + (self.rows is not None) != 1:
            raise ValueError(FORMS)
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("'since' is after 'until': exchange them")
        if self.rows is not None and self.rows[0] > self.rows[1]:
            raise ValueError("'rows' ends before it begins: give the smaller sample_index first")
        return self

    def chosen(self) -> Window:
        """What is meant."""
        if self.last is not None:
            return LastRows(self.last)
        if self.rows is not None:
            return Numbered(self.rows[0], self.rows[1])
        return Between(self.since, self.until)


class WindowReference(RequestModel):
    """Another window as reference."""

    window: WindowField


ReferenceField = Literal["testing", "training"] | WindowReference
"""What a window is held against: a set, or another window of production."""
