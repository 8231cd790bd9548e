"""Requests are validated once, here, at the edge.

`@accepts(role="user", body=Model)` on a resource's method reads the request, checks it against the pydantic
model and hands it to the method as `body`; `query=Model` does the same for the query arguments.
"""

import functools
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args, get_origin

from flask import current_app, request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from fleet.errors import InvalidRequestError
from fleet.read_models import ReadModel
from fleet.web.answers import JSON_TYPE
from fleet.web.content import form_or_json, json_bytes, parse, plain
from fleet.web.roles import DeclaredRole, takes_role
from fleet.web.values import check_values

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)

LONGEST_NAME = 100  # of a field that is named in an error
TRUTH = {"true": True, "false": False}


class RequestModel(ReadModel):
    """Base of all request models: a field that the route has never heard of is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestForms(RootModel[M]):
    """Base of requests that have several forms, told apart by a field: RequestForms[a discriminated union].

    Each form knows the fields of all. A resource's method is given the form that it is.
    """


def absent(sentence: str) -> BeforeValidator:
    """Of a field that another form of a request has: refuse it, in these words, where it has a value."""

    def check(value: object) -> None:
        if value is not None:
            raise ValueError(sentence)

    return BeforeValidator(check)


class NoArguments(RequestModel):
    """A request that takes nothing."""


def _id_text(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


IdText = Annotated[str, StringConstraints(min_length=1, max_length=250)]
Id = Annotated[IdText, BeforeValidator(_id_text, json_schema_input_type=IdText | int)]
"""An id, which clients may send as a string or as an integer."""


def _id_number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


PositiveNumber = Annotated[int, Field(ge=1, lt=2**63)]
IdNumber = Annotated[PositiveNumber, BeforeValidator(_id_number, json_schema_input_type=PositiveNumber)]
"""The id of a row, which clients may send as a string or as an integer."""

USE_CASE_NAME = "^[a-z][a-z0-9_]{0,62}$"
UseCaseName = Annotated[str, Field(pattern=USE_CASE_NAME)]


class ValidationFailedError(InvalidRequestError):
    """One or more fields are not what the route takes."""

    def __init__(self, errors: list[ErrorDetails], model: type[BaseModel]) -> None:
        form = _forms(model)[0]
        fields = ", ".join(form.model_fields) or "none"
        super().__init__(
            "; ".join(_sentence(error, named=form is model) for error in errors[:10]),
            f"The fields of this request are: {fields}",
        )


def accepts(  # noqa: PLR0913  # the ways in which routes differ
    *,
    role: DeclaredRole,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    form: bool = False,
    raw: bool = False,
    types: tuple[str, ...] = (),
    untyped: bool = False,
    optional: bool = False,
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Validate what a resource's method is sent and pass it on as `body` and `query`.

    role: that the caller must have. form: the body may also be a form, or be spread over the query arguments.
    raw: the method is given the body's bytes, which it reads itself; the model only describes them.
    types: content types beside JSON, of a raw body.
    untyped: a body without a content type is JSON too, which is how clients of some protocols send it.
    optional: a request without a body is one with an empty object.
    """

    def decorate(method: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(method)
        def validated(*args: Any, **kwargs: Any) -> R:
            if raw:
                kwargs["body"] = json_bytes(types, untyped=untyped)
            elif body is not None:
                nothing = optional and not request.get_data()
                sent = {} if nothing else form_or_json() if form else parse(json_bytes(untyped=untyped))
                kwargs["body"] = _validate(body, sent, strict=not form or _is_json())
            if query is not None:
                arguments = plain(request.args.to_dict(flat=False), decode=False, lists=_lists(query))
                kwargs["query"] = _validate(query, arguments, strict=False)
            return method(*args, **kwargs)

        said = {"body": body, "query": query, "form": form, "optional": optional, "types": types}
        validated.accepts = said  # type: ignore[attr-defined]  # read by fleet.web.openapi and by tests
        return takes_role(role)(validated)

    return decorate


def _forms(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """The request itself, unless it has several forms."""
    if not issubclass(model, RequestForms):
        return (model,)
    forms: tuple[type[BaseModel], ...] = get_args(model.model_fields["root"].annotation)
    return forms


def _lists(model: type[BaseModel]) -> frozenset[str]:
    """Names of the arguments that may be given more than once."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if get_origin(field.annotation) is list)


def _validate(model: type[M], data: object, *, strict: bool, finite: bool = True) -> M:
    """strict: a number must be a number; otherwise its text does, where the model is not strict itself."""
    check_values(data, current_app.config["MAX_JSON_DEPTH"], finite=finite)
    if not strict and isinstance(data, dict):
        data = _with_truth(model, data)
    try:
        read = model.model_validate(data, strict=strict or None)
    except ValidationError as error:
        raise ValidationFailedError(error.errors(include_url=False), model) from error
    return read.root if isinstance(read, RequestForms) else read


def _with_truth(model: type[BaseModel], texts: dict[str, Any]) -> dict[str, Any]:
    """Fields that are true or false are written as in JSON."""
    fields = _forms(model)[0].model_fields.items()
    flags = {name for name, field in fields if field.annotation is bool}
    read = {name: TRUTH[text] for name, text in texts.items() if name in flags and text in ("true", "false")}
    return {**texts, **read}


def _is_json() -> bool:
    """Whether everything came as JSON, which has types."""
    return request.mimetype == JSON_TYPE and not request.args


def read_json(data: bytes, model: type[M], *, finite: bool = True) -> M:
    """What a raw body is, or a part of it. Raises MalformedBodyError, ValidationFailedError.

    finite: NaN and infinities, which JSON does not have but many write, are refused; otherwise whoever calls
    looks at the numbers.
    """
    return _validate(model, parse(data, finite=finite), strict=True, finite=finite)


def _sentence(error: ErrorDetails, *, named: bool) -> str:
    """named: the place begins with a field, not with the form that the request is of."""
    field = ".".join(str(part) for part in error["loc"][0 if named else 1 :])[:LONGEST_NAME]
    if error["type"] == "union_tag_not_found":
        return f"{error['ctx']['discriminator']} is missing"
    if error["type"] == "union_tag_invalid":
        choices = " or ".join(error["ctx"]["expected_tags"].rsplit(", ", 1))
        return f"{error['ctx']['discriminator']}: Input should be {choices}"
    if error["type"] == "extra_forbidden":
        return f"'{field}' is not a field of this request"
    if error["type"] == "missing":
        return f"'{field}' is missing"
    if error["type"] in ("model_type", "dict_type"):
        return f"'{field}': Input should be an object"
    text = error["msg"].removeprefix("Value error, ")
    return f"'{field}': {text}" if field else text
