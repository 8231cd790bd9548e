"""The OpenAPI document of every service: of every route, valid, and with the examples of extras/API.md."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from fleet.web.openapi import METHODS, PATH_ARGUMENT
from tests.architecture.project import PROJECT, services

API = PROJECT / "extras" / "API.md"
ALIAS = "/root/model"
THEMSELVES = ("/openapi.json", "/docs")  # what the documents are read by
CODE = re.compile(r"```json\n(.*?)```|`([^`]+)`", re.DOTALL)

Json = dict[str, Any]
every_service = pytest.mark.parametrize("service", [path.name for path in services()])


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def schemas(document: Json) -> Iterator[Json]:
    """Every schema with examples, in a document of its own that holds what it refers to."""
    for schema in document["components"]["schemas"].values():
        if "examples" in schema:
            yield {**schema, "components": document["components"]}


@every_service
def test_every_route_is_documented_and_back(found: dict[str, Json], service: str) -> None:
    document = found[service]["document"]
    served = {
        f"{method.lower()} " + PATH_ARGUMENT.sub(r"{\2}", path)
        for method, path in found[service]["rules"]
        if method.lower() in METHODS and not path.startswith((ALIAS, *THEMSELVES))
    }
    assert {name for name, _ in operations(document)} == served
    assert len(served) >= 5


@every_service
def test_every_operation_says_what_it_is_and_how_it_fails(found: dict[str, Json], service: str) -> None:
    every = dict(operations(found[service]["document"]))
    assert len({operation["operationId"] for operation in every.values()}) == len(every)
    for name, operation in every.items():
        assert operation["summary"], name
        assert [tag for tag in operation["tags"] if tag], name
        assert {"413", "500"} <= set(operation["responses"]), name
        assert min(operation["responses"]) in ("200", "201", "202"), name
        for status, response in operation["responses"].items():
            assert response["headers"]["X-Request-ID"], name
            assert response["content"], name
            if status >= "400":
                reference = response["content"]["application/json"]["schema"]["$ref"]
                assert reference.endswith("/ErrorAnswer"), name


@every_service
def test_every_reference_leads_somewhere(found: dict[str, Json], service: str) -> None:
    document = found[service]["document"]
    references = set(re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', json.dumps(document)))
    assert len(references) > 5
    assert {(kind, name) for kind, name in references if name not in document["components"][kind]} == set()


@every_service
def test_every_request_refuses_unknown_fields(found: dict[str, Json], service: str) -> None:
    document = found[service]["document"]
    bodies = [
        content["schema"]
        for _, operation in operations(document)
        for content in operation.get("requestBody", {"content": {}})["content"].values()
    ]
    schemas = document["components"]["schemas"]
    named = [schemas[body["$ref"].rpartition("/")[2]] for body in bodies if "$ref" in body]
    forms = [form for schema in named for form in schema.get("oneOf", [schema])]
    assert forms
    whole = [schemas[form["$ref"].rpartition("/")[2]] if "$ref" in form else form for form in forms]
    assert all(schema["additionalProperties"] is False for schema in whole)
    assert [body for body in bodies if "$ref" not in body and body["type"] != "string"] == []


@every_service
def test_every_example_is_valid(found: dict[str, Json], service: str) -> None:
    checked = 0
    for schema in schemas(found[service]["document"]):
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        for example in schema["examples"]:
            assert [error.message for error in validator.iter_errors(example)] == []
            checked += 1
    assert checked >= 4


def test_what_api_md_shows_is_an_example(found: dict[str, Json]) -> None:
    examples = [
        example
        for service in found.values()
        for schema in schemas(service["document"])
        for example in schema["examples"]
    ]
    shown = list(objects_in(API.read_text(encoding="utf-8")))
    assert [thing for thing in shown if thing not in examples] == []
    assert len(shown) >= 10


def objects_in(page: str) -> Iterator[Json]:
    """Whole JSON objects of the page; those with a … for what is left out are none."""
    for block, code in CODE.findall(page):
        text = (block or code).strip()
        text = text[text.find("{") :] if text[:3].isdigit() else text
        try:
            thing = json.loads(text)
        except json.JSONDecodeError:
            continue
        if thing and isinstance(thing, dict):
            yield thing
