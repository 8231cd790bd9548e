"""What a request brings along: JSON, a form or arguments, as a JSON object would hold it."""

from typing import Any

from flask import request
from pydantic_core import from_json

from fleet.errors import TooLargeError, UnsupportedMediaTypeError
from fleet.web.answers import JSON_TYPE
from fleet.web.headers import check_escapes
from fleet.web.unpacking import is_packed, refuse_packed_form, unpack
from fleet.web.values import MalformedBodyError

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_FORM_FIELDS = 1000
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
WITH_ASCII = frozenset({"iso-8859-1", "iso-8859-15", "latin-1", "latin1", "windows-1252"})


def json_bytes(types: tuple[str, ...] = (), *, untyped: bool = False) -> bytes:
    """The body, which is of JSON or of one of these types. untyped: or does not say of which."""
    missing = not request.mimetype and (untyped or not request.content_length)
    if request.mimetype not in (JSON_TYPE, *types) and not missing:
        raise UnsupportedMediaTypeError(
            f"Content type '{request.mimetype}' is not taken here",
            f"Send the body as {' or as '.join((JSON_TYPE, *types))}",
        )
    return _body()


def form_or_json() -> object:
    """The fields of a form, of a JSON object, and of the arguments beside them."""
    arguments = plain(request.args.to_dict(flat=False), decode=True)
    if request.mimetype in FORM_TYPES:
        refuse_packed_form()
        _check_form(_body())
        form = request.form.to_dict(flat=False)
        if next(iter(form), "").lstrip().startswith("{"):
            raise MalformedBodyError(
                "The body looks like JSON but is sent as a form",
                f"Send it with the header 'Content-Type: {JSON_TYPE}'",
            )
        return {**arguments, **plain(form, decode=True)}
    if arguments and not request.content_length:
        return arguments
    if request.mimetype != JSON_TYPE and (request.mimetype or request.content_length):
        raise UnsupportedMediaTypeError(
            f"Content type '{request.mimetype}' is not taken here",
            f"Send the body as {JSON_TYPE} or as {FORM_TYPES[0]}",
        )
    return {**arguments, **parse(_body())}


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


def parse(data: bytes, *, finite: bool = True) -> dict[str, Any]:
    """The JSON object that the bytes are. finite: whether NaN and infinities are refused."""
    if not data.strip():
        raise MalformedBodyError("The body is empty", "Send a JSON object")
    try:
        parsed = from_json(data, allow_inf_nan=not finite)
    except ValueError as error:
        raise MalformedBodyError(f"The body is not valid JSON: {error}", "Send a JSON object") from error
    if not isinstance(parsed, dict):
        raise MalformedBodyError("The body is not a JSON object", "Send a JSON object, with its fields in {}")
    return parsed


def plain(
    values: dict[str, list[str]], *, decode: bool, lists: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Arguments as a JSON object would hold them.

    decode: objects and lists are sent as JSON text. lists: names that may be given more than once.
    """
    fields: dict[str, Any] = {}
    for name, given in values.items():
        if name in lists:
            fields[name] = given
            continue
        if len(given) > 1:
            raise MalformedBodyError(f"'{name}' is given {len(given)} times", f"Give '{name}' once")
        fields[name] = _decoded(name, given[0]) if decode and given[0].startswith(("{", "[")) else given[0]
    return fields


def _decoded(name: str, text: str) -> object:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedBodyError(
            f"'{name}' is not valid JSON: {error}", "Write it as a JSON object or list"
        ) from error
