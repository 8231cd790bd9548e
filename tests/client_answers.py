"""The client's models of all answers, from the services' OpenAPI documents: `python -m tests.client_answers`.

Writes client/answers.py. What a field or a model is called there is what the document calls it, without
"Answer", unless it stands below.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.architecture.apps import printed
from tests.architecture.project import services
from tracking.web import answers

Json = dict[str, Any]
PROJECT = Path(__file__).parents[1]
FILE = PROJECT / "client" / "answers.py"
# Machines ask for health and metrics, and the protocols of others have clients of their own.
LEFT_OUT = ("/health/", "/metrics", "/v2", "/invocations", "/ping", "/version")
NAMES = {
    "AddedAnswer": "AddedUseCase",
    "BuildFeaturesAnswer": "BuiltFeatures",
    "BestModel": "BestRun",
    "JudgeAnswer": "Judgement",
    "ListedUseCase": "UseCase",
    "LoadAnswer": "LoadedSet",
    "MonitoringAnswer": "Monitor",
    "PolicyAnswer": "KeptPolicy",
    "PredictAnswer": "Prediction",
    "ProcessDataAnswer": "StartedJob",
    "PruneAnswer": "Pruned",
    "Recorded": "Search",
    "RemovedAnswer": "RemovedUseCase",
    "SetModelAnswer": "ModelSet",
    "SimulatorAnswer": "StoredSets",
    "StreamAnswer": "Streamed",
    "SystemAnswer": "SystemHealth",
    "Verdict": "Check",
    "Verdicts": "Checks",
}
FIELDS = {"Activation.from": "since", "Judgement.message": "result", "Models.set": "newest"}
PASSED_ON = {
    # What tracking makes of it, monitoring does not know.
    "SearchPolicy.models": 'list[str] | Literal["auto"]',
    "SearchPolicy.hyperparameters": "dict[str, dict[str, list[Any]]]",
}
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
HEAD = '''"""What the services answer. Made by `python -m tests.client_answers`: do not edit."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from client.answer import Answer, Moment

T = TypeVar("T")  # what an answer holds depends on what was asked
'''


def source(documents: Mapping[str, Json]) -> str:
    """The text of the module. documents: by service."""
    written: dict[str, str] = {}
    for document in documents.values():
        own: dict[str, str] = {}
        for name in sorted(_answered(document)):
            _write(name, document["components"]["schemas"], own)
        clash = [name for name in own if written.get(name, own[name]) != own[name]]
        assert not clash, f"two services have models of the names {sorted(clash)}: put one of each into NAMES"
        written |= own
    return _formatted("\n\n".join([HEAD, *written.values()]))


def _answered(document: Json) -> set[str]:
    """Names of the models that successful answers have."""
    return {
        name
        for path, methods in document["paths"].items()
        if not path.startswith(LEFT_OUT)
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if status < "300"
        for name in _references(response["content"])
    }


def _references(schema: object) -> list[str]:
    return re.findall(r"#/components/schemas/(\w+)", str(schema))


def _write(name: str, schemas: Json, written: dict[str, str]) -> None:
    """The model of that name, after those that it refers to.

    One without fields is another service's, or has several forms, which are written.
    """
    schema = schemas[name]
    for form in _references(schema.get("anyOf", [])):
        _write(form, schemas, written)
    if not schema.get("properties"):
        return
    for other in _references(schema["properties"]):
        _write(other, schemas, written)
    called, needed = _called(name), schema.get("required", [])
    fields = [
        # A part is always there, whatever its default in a request.
        _field(f"{called}.{field}", of) + ("" if field in needed or "$ref" in of else f" = {of['default']!r}")
        for field, of in schema["properties"].items()
    ]
    base = "Answer, Generic[T]" if any(": T" in field for field in fields) else "Answer"
    text = re.sub(r"\bnull\b", "None", schema["description"], flags=re.IGNORECASE).replace("\n", "\n    ")
    end = "\n    " if "\n" in text else ""
    written[called] = "\n    ".join([f"class {called}({base}):", f'"""{text}{end}"""\n', *fields])


def _field(place: str, schema: Json) -> str:
    """The field without its default. place: `Model.field`, as the document calls it."""
    name = place.partition(".")[2]
    alias = f' = Field(validation_alias="{name}")' if place in FIELDS else ""
    return f"{FIELDS.get(place, name)}: {PASSED_ON.get(place) or _type(schema)}{alias}"


def _type(schema: Json) -> str:
    match schema:
        case {"$ref": _}:
            return _called(_references(schema)[0])
        case {"anyOf": forms}:
            kinds = [_type(each) for each in forms]
            return " | ".join(kinds) if kinds[1:] == ["None"] else "T"
        case {"enum": values}:
            return f"Literal{values}"
        case {"const": value}:
            return f"Literal[{value!r}]"
        case {"type": "string", "format": "date-time"} | {"type": "string", "pattern": answers.MOMENT}:
            return "Moment"
    return _plain(schema)


def _plain(schema: Json) -> str:
    match schema:
        case {"type": "array", "items": items}:
            return f"list[{_type(items)}]"
        case {"type": "object", "additionalProperties": True}:
            return "dict[str, Any]"
        case {"type": "object", "additionalProperties": values}:
            return f"dict[{_type(schema.get('propertyNames', {'type': 'string'}))}, {_type(values)}]"
    return PLAIN[schema["type"]]


def _called(name: str) -> str:
    return NAMES.get(name, name.removesuffix("Answer"))


def _formatted(text: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "format", "--stdin-filename", FILE, "-"],
        input=text,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {each.name: printed(each.name, Path(folder))["document"] for each in services()}
    FILE.write_text(source(found), encoding="utf-8")
