"""Builds a service's OpenAPI 3.1 document from its routes, and the models of their requests and answers."""

import csv
import inspect
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_restful import Resource
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fleet.web.answers import JSON_TYPE, Documented, ErrorAnswer, documented
from fleet.web.content import FORM_TYPES
from fleet.web.idempotency import REPLAYED
from fleet.web.openapi_components import HEADERS, PARAMETERS, SECURITY, SECURITY_SCHEMES

CSV_TYPE = "text/csv"
VERSION = "1.0.0"  # of the interface
METHODS = ("get", "put", "post", "patch", "delete")
REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = (
    "A service of mlfleet. Bodies are JSON. Where forms are taken too, objects in them are written as JSON; "
    "such a form may also be multipart/form-data, or be spread over the query arguments. A field that is not "
    "known to a route is refused, by name."
)
ERRORS = {
    400: "The request is malformed, or asks for something that cannot be",
    401: "The credentials are missing or wrong",
    403: "The credentials are not enough: it takes another role",
    404: "There is no such experiment, run, use case or other thing",
    409: "The right request at the wrong moment; `message` says what to call first",
    408: "The body was not sent in time",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is of a content type that is not taken here",
    429: "The service has as much work as it can take at a time",
    500: "A bug of the service",
    502: "Another service of the fleet failed or cannot be reached; `error` names it",
    503: "PostgreSQL or MLflow cannot be reached, or the service is not ready yet",
    504: "The request took longer than a request may; what it asked for may still be done",
}
PATH_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
NULL = {"type": "null"}
NO_CONTROLS = {"pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"}  # of paths, which are refused before
NO_NUL = {"pattern": "^[^\\u0000]*$"}

Json = dict[str, Any]
Refs = dict[Any, Json]  # by model and mode, as pydantic gives them


@dataclass(frozen=True)
class Operation:
    """A method of a resource, at the one path that it is documented under."""

    path: str
    method: str
    resource: type[Resource]

    @property
    def function(self) -> Any:
        return getattr(self.resource, self.method)

    @property
    def accepts(self) -> Json:
        return getattr(self.function, "accepts", {})

    @property
    def answers(self) -> Documented:
        return documented(self.function)

    @property
    def is_guarded(self) -> bool:
        """Whether it takes credentials, where the service asks for them."""
        return getattr(self.function, "role", "anyone") != "anyone"

    @property
    def is_idempotent(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return getattr(self.function, "idempotent", False)

    @property
    def tag(self) -> str:
        return str(self.resource.__module__.rpartition(".")[2])


def operations(places: Sequence[tuple[str, type[Resource]]]) -> list[Operation]:
    """Every documented method. places: path and resource, aliases left out."""
    found = [Operation(path, method, at) for path, at in places for method in METHODS if hasattr(at, method)]
    return [each for each in found if each.answers != Documented()]


def make_document(name: str, places: Sequence[tuple[str, type[Resource]]], *, secured: bool = False) -> Json:
    """The document of the service of that name, ready for JSON. secured: it asks for credentials."""
    found = operations(places)
    refs, definitions = _schemas(found)
    paths: dict[str, Json] = {}
    for each in found:
        path = PATH_ARGUMENT.sub(r"{\2}", each.path)
        paths.setdefault(path, {})[each.method] = {
            **_operation(each, refs, definitions),
            **({"security": SECURITY} if secured and each.is_guarded else {}),
        }
    components = {"schemas": definitions, "headers": HEADERS, "parameters": PARAMETERS}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"mlfleet {name}", "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "."}],  # wherever the document itself was read: behind a proxy too
        "tags": [
            {"name": tag, "description": described}
            for tag, described in {e.tag: _doc(e) for e in found}.items()
        ],
        "paths": paths,
        "components": {**components, **({"securitySchemes": SECURITY_SCHEMES} if secured else {})},
    }


def _schemas(found: Sequence[Operation]) -> tuple[Refs, Json]:
    """References to all models, and what they refer to."""
    asked = {each.accepts["body"] for each in found if each.accepts.get("body")}
    answered: set[type[BaseModel]] = {
        ErrorAnswer,
        *(model for each in found for model in each.answers.models.values()),
    }
    refs, taken = models_json_schema([(model, "validation") for model in asked], ref_template=REFERENCE)
    more, given = models_json_schema([(model, "serialization") for model in answered], ref_template=REFERENCE)
    # Parts of both are as requests take them, which is narrower.
    definitions = {**given["$defs"], **_without_nul(taken.get("$defs", {}))}
    return {**refs, **more}, dict(sorted(definitions.items()))


def _without_nul(schema: Any) -> Any:
    """Texts of requests: validation refuses the character NUL in all of them."""
    if isinstance(schema, list):
        return [_without_nul(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    free = schema.get("type") == "string" and not {"enum", "const", "pattern"} & schema.keys()
    return {**{key: _without_nul(value) for key, value in schema.items()}, **(NO_NUL if free else {})}


def _doc(each: Operation) -> str:
    return inspect.getdoc(each.resource) or ""


def _operation(each: Operation, refs: Refs, definitions: Json) -> Json:
    summary, _, description = (inspect.getdoc(each.function) or _doc(each)).partition("\n")
    operation: Json = {
        "operationId": f"{each.method}{each.resource.__name__}",
        "tags": [each.tag],
        "summary": summary.rstrip("."),
        "parameters": [
            {"$ref": "#/components/parameters/RequestId"},
            *([{"$ref": "#/components/parameters/IdempotencyKey"}] if each.is_idempotent else []),
            *_path_arguments(each.path),
            *_query_arguments(each.accepts.get("query")),
        ],
        "responses": _responses(each, refs),
    }
    if description.strip():
        operation["description"] = description.strip()
    if each.accepts.get("body"):
        operation["requestBody"] = _body(each, refs, definitions)
    return operation


def _path_arguments(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0}
            if kind == "int"
            else {"type": "string", "minLength": 1, **NO_CONTROLS},
        }
        for kind, name in PATH_ARGUMENT.findall(path)
    ]


def _query_arguments(model: type[BaseModel] | None) -> list[Json]:
    if model is None:
        return []
    schema = _without_nul(model.model_json_schema())
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(argument)}
        for name, argument in schema.get("properties", {}).items()
    ]


def _body(each: Operation, refs: Refs, definitions: Json) -> Json:
    reference = refs[each.accepts["body"], "validation"]
    content: Json = {JSON_TYPE: {"schema": reference}}
    if each.accepts["form"]:
        encoding = {
            field: {"contentType": JSON_TYPE}
            for field, of in _add_form(_name(reference), definitions).items()
            if _is_object(of)
        }
        content[FORM_TYPES[0]] = {"schema": {"$ref": f"{reference['$ref']}Form"}, "encoding": encoding}
    for other in each.accepts["types"]:
        content[other] = {"schema": {"type": "string"}, **_example(other, definitions[_name(reference)])}
    return {"required": not each.accepts["optional"], "content": content}


def _name(reference: Json) -> str:
    return str(reference["$ref"].rpartition("/")[2])


def _example(media_type: str, schema: Json) -> Json:
    """The first example of a table as CSV, if it is one."""
    shown = schema.get("examples", [{}])[0]
    if media_type != CSV_TYPE or not {"columns", "data"} <= shown.keys():
        return {}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([shown["columns"], *shown["data"]])
    return {"example": text.getvalue()}


def _add_form(name: str, definitions: Json) -> Json:
    """Define a request as a form, which has no null: a field is left out instead. Returns its fields."""
    schema = definitions[name]
    if "oneOf" in schema:
        forms = [_add_form(_name(form), definitions) for form in schema["oneOf"]]
        properties = {field: of for form in forms for field, of in form.items()}
        told = json.loads(re.sub(r"(#/components/schemas/\w+)", r"\1Form", json.dumps(schema)))
    else:
        possible = {field: of for field, of in schema["properties"].items() if of.get("type") != "null"}
        properties = {field: _without_null(of) for field, of in possible.items()}
        told = {**schema, "properties": properties}
    definitions[f"{name}Form"] = {**told, "title": f"{schema['title']} as a form"}
    return properties


def _without_null(schema: Json) -> Json:
    if NULL not in schema.get("anyOf", []):
        return schema
    rest = [choice for choice in schema["anyOf"] if choice != NULL]
    more = {
        key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)
    }
    return {**rest[0], **more} if len(rest) == 1 else {"anyOf": rest, **more}


def _is_object(schema: Json) -> bool:
    choices = schema.get("anyOf", [schema])
    return any("$ref" in choice or choice.get("type") in ("object", "array") for choice in choices)


def _responses(each: Operation, refs: Refs) -> Json:
    said = each.answers
    responses: dict[int, Json] = {}
    for status, model in said.models.items():
        responses[status] = _response(model.__doc__ or "", JSON_TYPE, refs[model, "serialization"])
    for status, media_type in said.media_types.items():
        text = responses.setdefault(status, _response("A text", media_type, {}))
        text["content"][media_type] = {"schema": {"type": "string"}}
    for status in _errors(each):
        responses[status] = _response(ERRORS[status], JSON_TYPE, refs[ErrorAnswer, "serialization"])
        if status == 401:
            responses[status]["headers"]["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
        if status == 429:
            responses[status]["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if each.is_idempotent:
        for status in said.models:
            responses[status]["headers"][REPLAYED] = {"$ref": "#/components/headers/Replayed"}
        responses[409]["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryLater"}
    return {str(status): responses[status] for status in sorted(responses)}


def _errors(each: Operation) -> set[int]:
    """Statuses of the errors that a method may answer: its own, and those that the mechanism gives."""
    errors = {400, 408, 413, 414, 429, 500, 504, *each.answers.errors}
    if each.is_idempotent:
        errors |= {409, 503}
    if each.is_guarded:
        errors |= {401, 403}
    if each.accepts.get("body"):
        errors.add(415)
    return errors


def _response(description: str, media_type: str, schema: Json) -> Json:
    return {
        "description": inspect.cleandoc(description),
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}},
        "content": {media_type: {"schema": schema}},
    }
