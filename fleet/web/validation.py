"""Requests are validated once, here, at the edge.

`@accepts(role="user", body=Model)` on a resource's method reads the request, checks it against the pydantic
model and hands it to the method as `body`; `query=Model` does the same for the query arguments.
"""

import functools
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_origin

from flask import current_app, request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
)
from pydantic_core import CoreSchema, ErrorDetails, from_json

from fleet.errors import InvalidRequestError, TooLargeError, UnsupportedMediaTypeError
from fleet.web.headers import check_escapes
from fleet.web.roles import DeclaredRole, takes_role
from fleet.web.unpacking import is_packed, refuse_packed_form, unpack
from fleet.web.values import MalformedBodyError, check_values, fail_fast

R = TypeVar("R")
M = TypeVar("M", bound=BaseModel)

JSON_TYPE = "application/json"
LONGEST_NAME = 100  # of a field that is named in an error
TRUTH = {"true": True, "false": False}
MOST_FORM_FIELDS = 1000
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
WITH_ASCII = frozenset({"iso-8859-1", "iso-8859-15", "latin-1", "latin1", "windows-1252"})
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


class RequestModel(BaseModel):
    """Base of all request models: a field that the route has never heard of is refused by name.

    Of the values of a list, the first that is wrong is named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        fail_fast(schema)
        return schema


class NoArguments(RequestModel):
    """A request that takes nothing."""


def _id_text(value: object) -> object:
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
        fields = ", ".join(model.model_fields) or "none"
        super().__init__(
            "; ".join(_sentence(error) for error in errors[:10]), f"The fields of this request are: {fields}"
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
                kwargs["body"] = _json_bytes(types, untyped=untyped)
            elif body is not None:
                absent = optional and not request.get_data()
                sent = {} if absent else _form_or_json() if form else _parse(_json_bytes(untyped=untyped))
                kwargs["body"] = _validate(body, sent, strict=not form or _is_json())
            if query is not None:
                arguments = _plain(request.args.to_dict(flat=False), decode=False, lists=_lists(query))
                kwargs["query"] = _validate(query, arguments, strict=False)
            return method(*args, **kwargs)

        said = {"body": body, "query": query, "form": form, "optional": optional, "types": types}
        validated.accepts = said  # type: ignore[attr-defined]  # read by fleet.web.openapi and by tests
        return takes_role(role)(validated)

    return decorate


def _validate(model: type[M], data: object, *, strict: bool, finite: bool = True) -> M:
    """strict: a number must be a number; otherwise its text does, where the model is not strict itself."""
    check_values(data, current_app.config["MAX_JSON_DEPTH"], finite=finite)
    if not strict and isinstance(data, dict):
        data = _with_truth(model, data)
    try:
        return model.model_validate(data, strict=strict or None)
    except ValidationError as error:
        raise ValidationFailedError(error.errors(include_url=False), model) from error


def _with_truth(model: type[BaseModel], texts: dict[str, Any]) -> dict[str, Any]:
    """Fields that are true or false are written as in JSON."""
    flags = {name for name, field in model.model_fields.items() if field.annotation is bool}
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
    return _validate(model, _parse(data, finite=finite), strict=True, finite=finite)


def _json_bytes(types: tuple[str, ...] = (), *, untyped: bool = False) -> bytes:
    missing = not request.mimetype and (untyped or not request.content_length)
    if request.mimetype not in (JSON_TYPE, *types) and not missing:
        raise UnsupportedMediaTypeError(
            f"Content type '{request.mimetype}' is not taken here",
            f"Send the body as {' or as '.join((JSON_TYPE, *types))}",
        )
    return _body()


def _form_or_json() -> object:
    arguments = _plain(request.args.to_dict(flat=False), decode=True)
    if request.mimetype in FORM_TYPES:
        refuse_packed_form()
        _check_form(_body())
        form = request.form.to_dict(flat=False)
        if next(iter(form), "").lstrip().startswith("{"):
            raise MalformedBodyError(
                "The body looks like JSON but is sent as a form",
                f"Send it with the header 'Content-Type: {JSON_TYPE}'",
            )
        return {**arguments, **_plain(form, decode=True)}
    if arguments and not request.content_length:
        return arguments
    if request.mimetype != JSON_TYPE and (request.mimetype or request.content_length):
        raise UnsupportedMediaTypeError(
            f"Content type '{request.mimetype}' is not taken here",
            f"Send the body as {JSON_TYPE} or as {FORM_TYPES[0]}",
        )
    return {**arguments, **_parse(_body())}


def _check_form(data: bytes) -> None:
    """Before it is parsed: werkzeug takes a form that is not UTF-8 for an empty one."""
    if data.count(b"&") >= MOST_FORM_FIELDS and request.mimetype == FORM_TYPES[0]:
        raise MalformedBodyError(
            f"The form has more than {MOST_FORM_FIELDS} fields", "Give each field of the route once"
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise MalformedBodyError("The form is not UTF-8", "Encode the form's text as UTF-8") from error
    if request.mimetype == FORM_TYPES[0]:
        check_escapes("The form", text)


def _body() -> bytes:
    data = request.get_data()
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise TooLargeError("The body is too large", f"Send at most {limit} bytes")  # it was cut there
    data = unpack(data) if data and is_packed() else data
    _check_charset(data)
    return data


def _check_charset(data: bytes) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in UTF_8 and not (charset in WITH_ASCII and data.isascii()):
        raise UnsupportedMediaTypeError(
            "The body's charset is not taken", "Send the body in UTF-8, and say charset=utf-8 or nothing"
        )


def _parse(data: bytes, *, finite: bool = True) -> dict[str, Any]:
    if not data.strip():
        raise MalformedBodyError("The body is empty", "Send a JSON object")
    try:
        parsed = from_json(data, allow_inf_nan=not finite)
    except ValueError as error:
        raise MalformedBodyError(f"The body is not valid JSON: {error}", "Send a JSON object") from error
    if not isinstance(parsed, dict):
        raise MalformedBodyError("The body is not a JSON object", "Send a JSON object, with its fields in {}")
    return parsed


def _lists(model: type[BaseModel]) -> frozenset[str]:
    """Names of the arguments that may be given more than once."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if get_origin(field.annotation) is list)


def _plain(
    values: dict[str, list[str]], *, decode: bool, lists: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Arguments as a JSON object would hold them. decode: objects and lists are sent as JSON text."""
    plain: dict[str, Any] = {}
    for name, given in values.items():
        if name in lists:
            plain[name] = given
            continue
        if len(given) > 1:
            raise MalformedBodyError(f"'{name}' is given {len(given)} times", f"Give '{name}' once")
        plain[name] = _decoded(name, given[0]) if decode and given[0].startswith(("{", "[")) else given[0]
    return plain


def _decoded(name: str, text: str) -> object:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedBodyError(
            f"'{name}' is not valid JSON: {error}", "Write it as a JSON object or list"
        ) from error


def _sentence(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"])[:LONGEST_NAME]
    if error["type"] == "extra_forbidden":
        return f"'{field}' is not a field of this request"
    if error["type"] == "missing":
        return f"'{field}' is missing"
    if error["type"] in ("model_type", "dict_type"):
        return f"'{field}': Input should be an object"
    text = error["msg"].removeprefix("Value error, ")
    return f"'{field}': {text}" if field else text
