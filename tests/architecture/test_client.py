"""The client and the services' OpenAPI documents say the same."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest
import requests
from pydantic import BaseModel

from client import ADDRESSES, Fleet, UnexpectedAnswerError
from client.answer import Answer
from tests.answering import answering
from tests.architecture.client_calls import CALLS
from tests.architecture.project import PROJECT
from tests.client_answers import FILE, LEFT_OUT, source

Json = dict[str, Any]
Operation = tuple[str, str, str]
# A text that is a moment too, as not all moments say that they are.
SAMPLES = {"string": "2026-01-31T12:00:05Z", "integer": 1, "number": 0.5, "boolean": True, "null": None}


class Documented:
    """Every documented operation, its requests and its answers."""

    def __init__(self, documents: dict[str, Json]) -> None:
        self._documents = documents
        self.answer_models = source(documents)
        # What the documents leave open is ml_model's answer, which monitoring and tracking pass on.
        self._free = documents["ml_model"]["components"]["schemas"]["ScoreAnswer"]["examples"][0]

    @property
    def operations(self) -> set[Operation]:
        return {
            (service, method.upper(), path)
            for service, document in self._documents.items()
            for path, methods in document["paths"].items()
            for method in methods
            if not path.startswith(LEFT_OUT)
        }

    def find(self, request: requests.PreparedRequest) -> Operation:
        """The operation that a request is of, whose path, arguments and body must be as documented."""
        parts = urlsplit(str(request.url))
        service = next(name for name, at in ADDRESSES.items() if urlsplit(at).netloc == parts.netloc)
        (path,) = (
            path
            for path in self._documents[service]["paths"]
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), parts.path)
        )
        said = self._documents[service]["paths"][path][str(request.method).lower()]
        known = {self._parameter(service, parameter) for parameter in said["parameters"]}
        sent = {*parse_qs(parts.query), *({"Idempotency-Key"} & request.headers.keys())}
        assert sent <= known, path
        if request.body is not None:
            schema = said["requestBody"]["content"]["application/json"]["schema"]
            self._check(service, schema, json.loads(request.body))
        return service, str(request.method), path

    def _parameter(self, service: str, parameter: Json) -> str:
        kind, _, name = parameter.get("$ref", "").rpartition("/")
        return str(
            self._documents[service]["components"]["parameters"][name]["name"] if kind else parameter["name"]
        )

    def _check(self, service: str, schema: Json, body: Json) -> None:
        whole = {**schema, "components": self._documents[service]["components"]}
        assert [error.message for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(body)] == []

    def answers(self, operation: Operation) -> list[tuple[int, Any]]:
        """Status and body: the examples of the document, and one made of each form that its schema has."""
        service, method, path = operation
        found = []
        for status, said in self._documents[service]["paths"][path][method.lower()]["responses"].items():
            if status < "300" and "application/json" in said["content"]:
                schema = self._resolved(service, said["content"]["application/json"]["schema"])
                found += [(int(status), body) for body in self._bodies(service, schema)]
        return found

    def _bodies(self, service: str, schema: Json) -> Iterator[Any]:
        for form in schema.get("anyOf", [schema]):
            one = self._resolved(service, form)
            yield from one.get("examples", [])
            # An answer that is another service's as it is has no form of its own, only an example.
            for choice in range(3 if one["properties"] else 0):
                yield self._sample(service, one, choice)

    def _resolved(self, service: str, schema: Json) -> Json:
        if "$ref" not in schema:
            return schema
        name = schema["$ref"].rpartition("/")[2]
        resolved: Json = self._documents[service]["components"]["schemas"][name]
        return resolved

    def _sample(self, service: str, schema: Json, choice: int) -> Any:
        """A value of the schema; wherever there are several forms, the one of that number, or the last."""
        schema = self._resolved(service, schema)
        if "anyOf" in schema:
            return self._sample(service, _chosen(schema["anyOf"], choice), choice)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return _chosen(schema["enum"], choice)
        match schema.get("type", "null"):
            case "object":
                return self._object(service, schema, choice)
            case "array":
                return [self._sample(service, schema["items"], choice)]
            case kind:
                return SAMPLES[kind]

    def _object(self, service: str, schema: Json, choice: int) -> Json:
        made = {name: self._sample(service, of, choice) for name, of in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties", not made)
        if isinstance(more, dict):
            name = schema.get("propertyNames", {}).get("enum", ["name"])[0]
            made[name] = self._sample(service, more, choice)
        return made if made or not more else self._free


def _chosen(forms: list[Any], choice: int) -> Any:
    return forms[min(choice, len(forms) - 1)]


@pytest.fixture(scope="module")
def documented(found: dict[str, Json]) -> Documented:
    return Documented({name: each["document"] for name, each in found.items()})


@pytest.fixture
def _fields_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Usually the client passes over fields that it does not know."""

    validate = BaseModel.model_validate.__func__  # type: ignore[attr-defined]  # of the class method

    def strictly(cls: type[Answer], content: object) -> object:
        return validate(cls, content, extra="forbid")

    monkeypatch.setattr(Answer, "model_validate", classmethod(strictly))


def operation_of(
    call: Callable[[Fleet], object], documented: Documented, patch: pytest.MonkeyPatch
) -> Operation:
    """What a call asks for, as it is documented."""
    found: list[Operation] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, str]:
        found.append(documented.find(request))
        return 200, "nothing that is understood"

    answering(patch, answer)
    with pytest.raises(UnexpectedAnswerError):
        call(Fleet())
    return found[0]


def understands(call: Callable[[Fleet], object], answer: tuple[int, Any], patch: pytest.MonkeyPatch) -> bool:
    status, body = answer
    pages = iter([body, {**body, "next_page_token": None}])
    answering(patch, lambda request: (status, next(pages)))
    try:
        call(Fleet())
    except UnexpectedAnswerError:
        return False
    return True


def test_every_operation_has_a_method_that_asks_as_documented(
    documented: Documented, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {operation_of(call, documented, monkeypatch) for call in CALLS}
    assert asked == documented.operations
    assert len(asked) >= 15


@pytest.mark.usefixtures("_fields_must_be_known")
def test_every_documented_answer_is_understood_with_all_its_fields(
    documented: Documented, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: dict[Operation, list[Callable[[Fleet], object]]] = {}
    for call in CALLS:
        calls.setdefault(operation_of(call, documented, monkeypatch), []).append(call)
    checked = 0
    for operation, those in calls.items():
        answers = documented.answers(operation)
        table = [[understands(call, answer, monkeypatch) for call in those] for answer in answers]
        strange = [answer for answer, row in zip(answers, table, strict=True) if not any(row)]
        assert strange == [], operation
        assert all(any(column) for column in zip(*table, strict=True)), operation
        checked += len(answers)
    assert checked > 60


def test_the_models_of_answers_are_those_of_the_documents(documented: Documented) -> None:
    told = "client/answers.py is old: write it anew with `python -m tests.client_answers`"
    assert FILE.read_text(encoding="utf-8") == documented.answer_models, told


def test_the_folder_works_alone_with_its_requirements(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "client", tmp_path / "client", ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import sys, client\n"
        "ours = {'fleet', 'db', 'launcher', 'flask', 'sqlalchemy'} & sys.modules.keys()\n"
        "assert not ours, ours\n"
        "print(client.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(tmp_path / "client" / "__init__.py")), (
        done.stderr
    )
    named = (PROJECT / "client" / "requirements.txt").read_text(encoding="utf-8").split()
    assert named == ["pydantic", "requests"]
