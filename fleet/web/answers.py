"""What a resource's methods answer.

`@answers(Model)` says so for fleet.web.openapi, and for the tests that hold real answers against it; nothing
is checked while requests are answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

JSON_TYPE = "application/json"

F = TypeVar("F", bound=Callable[..., Any])


def examples(*bodies: JsonDict) -> ConfigDict:
    """A model's `model_config` that shows these bodies in the documents."""
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class AnswerModel(BaseModel):
    """Base of all answers: one that has a field more than its model says is documented wrongly."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class ErrorAnswer(BaseModel):
    """What is wrong, and what to do about it; a refusal that another service gave may carry more."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "code": "invalid_request",
                    "error": "'set_name' is missing",
                    "message": "The fields of this request are: set_name, use_case, fouling",
                    "request_id": "2f0c…",
                }
            ]
        },
    )

    code: str
    error: str
    message: str
    request_id: str


class HealthAnswer(AnswerModel):
    """How the service is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "live"}, {"status": "ready"}]})

    status: str


class ReadyAnswer(AnswerModel):
    """Whether the service can answer. degraded: what it cannot do, in a sentence by use case, if anything."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"status": "ready"},
                {"status": "ready", "degraded": {"wine": "The live model of 'wine' cannot be opened: …"}},
            ]
        }
    )

    status: str
    degraded: dict[str, str] | None = None


@dataclass(frozen=True)
class Documented:
    """A method's answers by status, and the statuses of its errors beyond those that every route may give.

    media_types: by status, of answers that are not JSON; these are texts without a model.
    """

    models: dict[int, type[BaseModel]] = field(default_factory=dict)
    media_types: dict[int, str] = field(default_factory=dict)
    errors: frozenset[int] = frozenset()


def answers(
    model: type[BaseModel] | None,
    *,
    status: int = 200,
    errors: Sequence[int] = (),
    media_type: str = JSON_TYPE,
) -> Callable[[F], F]:
    """Document a resource's method; once for each status that it answers when all is well.

    model: None for a text of that media_type.
    """

    def decorate(method: F) -> F:
        before = documented(method)
        after = Documented(
            before.models if model is None else {**before.models, status: model},
            before.media_types if model is not None else {**before.media_types, status: media_type},
            before.errors.union(errors),
        )
        method.answers = after  # type: ignore[attr-defined]  # read by `documented`
        return method

    return decorate


def documented(method: Callable[..., Any]) -> Documented:
    """What `@answers` said of a method."""
    said: Documented = getattr(method, "answers", Documented())
    return said
