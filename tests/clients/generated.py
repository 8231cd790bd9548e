"""Makes two clients of a service's document, and calls everything it documents.

Run by the interpreter of an environment of its own, with a JSON object on standard input: `document`,
`address`, `headers`, `folder` and `arguments`, the values of path and query arguments by name. Prints what
was wrong, as a JSON list of sentences.
"""

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
KNOWN = ("experiment_id", "run_id", "verdict_id")  # of this stack, in place of an example's
# A job may have ended already; who an example would tell by a webhook does not exist; a use case has one loop
# at a time, and what an example would promote does not exist either.
EXPECTED = ("job_ended", "webhook_test_failed", "loop_in_flight", "unfit_challenger")


class Generated:
    """The two clients of one document, as packages in a folder."""

    def __init__(self, document: Json, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self.problems: list[str] = []
        file = folder / "openapi.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        programs = Path(sys.executable).parent
        self._run(
            programs / "openapi-python-client",
            *("generate", "--path", str(file), "--output-path", str(folder / "whole"), "--meta", "none"),
        )
        self._run(
            programs / "datamodel-codegen",
            *("--input", str(file), "--input-file-type", "openapi", "--output", str(folder / "models.py")),
            *("--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"),
        )
        sys.path.insert(0, str(folder))
        self.models = importlib.import_module("models")
        self.whole = importlib.import_module("whole")
        found = [
            importlib.import_module(module.name)
            for module in pkgutil.walk_packages(self.whole.__path__, "whole.")
        ]
        self._functions = {
            module.__name__.rpartition(".")[2].replace("_", ""): module.sync_detailed
            for module in found
            if hasattr(module, "sync_detailed")
        }
        self._schemas = importlib.import_module("whole.models")

    def _run(self, program: Path, *arguments: str) -> None:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=580)
        if done.returncode:
            self.problems.append(f"{program.name}: {done.stdout}{done.stderr}")

    def call(self, operation: "Operation", client: Any, arguments: Json) -> None:
        """Send every example of the operation with one client, having read it with both.

        arguments: by name, and, of one operation alone, by what it is called.
        """
        function = self._functions[operation.id.lower()]
        known: Json = {**arguments, **arguments.get(str(operation), {})}
        given: Json = {each: known[each] for each in operation.needed}
        for example in operation.examples(self._document):
            body: Json = {} if example is None else {"body": self._read(operation, example, arguments)}
            answer = function(client=client, **given, **body)
            text = answer.content.decode(errors="replace")
            expected = any(code in text for code in EXPECTED)
            if not 200 <= int(answer.status_code) < 300 and not expected:
                self.problems.append(
                    f"{operation}: {json.dumps(example)} is answered {answer.status_code}: {text}"
                )
            elif answer.parsed is not None and hasattr(answer.parsed, "to_dict"):
                self._compare(f"{operation}'s answer", json.loads(text), answer.parsed.to_dict())

    def send_texts(self, operation: "Operation", address: str, headers: dict[str, str]) -> None:
        """Send the examples that are no JSON, which generators pass over."""
        httpx = importlib.import_module("httpx")
        for media_type, example in operation.texts.items():
            sent = {**headers, "Content-Type": media_type}
            answer = httpx.request(operation.method, address + operation.path, content=example, headers=sent)
            if not answer.is_success:
                self.problems.append(
                    f"{operation}: {example!r} is answered {answer.status_code}: {answer.text}"
                )

    def _read(self, operation: "Operation", example: Json, arguments: Json) -> Any:
        """The example as the client's model of it, with what only this stack knows."""
        known: Json = {key: arguments[key] for key in KNOWN if key in example and key in arguments}
        sent: Json = {**example, **known}
        name = self._form(operation.body or "", sent)
        other = getattr(self.models, name).model_validate(sent)
        self._compare(f"{name} of datamodel-codegen", sent, other.model_dump(mode="json", by_alias=True))
        model = getattr(self._schemas, name).from_dict(sent)
        self._compare(f"{name} of openapi-python-client", sent, model.to_dict())
        return model

    def _form(self, name: str, sent: Json) -> str:
        """The model of what is sent: of a request with several forms, the one that the example is of."""
        told = self._document["components"]["schemas"][name].get("discriminator")
        return str(told["mapping"][sent[told["propertyName"]]].rpartition("/")[2]) if told else name

    def _compare(self, what: str, expected: Any, found: Any) -> None:
        lost = [".".join(path) for path in _lost(expected, found)]
        if lost:
            self.problems.append(f"{what} lost {', '.join(lost)}")


class Operation:
    """A method of a path."""

    def __init__(self, path: str, method: str, described: Json) -> None:
        self.path, self.method = path, method
        self.id: str = described["operationId"]
        content = described.get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref")
        self.body: str | None = reference.rpartition("/")[2] if reference else None
        self.texts: dict[str, str] = {
            media_type: shown["example"] for media_type, shown in content.items() if "example" in shown
        }
        self.needed = [
            each["name"] for each in described["parameters"] if "name" in each and each["required"]
        ]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def examples(self, document: Json) -> list[Json | None]:
        """Of the body; None where it has none. Each operation with a body must show one."""
        if self.body is None:
            return [None]
        found: list[Json | None] = document["components"]["schemas"][self.body].get("examples", [])
        assert found, f"{self} shows no example"
        return found


def _lost(expected: Any, found: Any) -> Iterator[tuple[str, ...]]:
    """Paths of what is in one value and not in the other; times may be written in another way."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            for path in _lost(value, found[key]) if key in found else [()]:
                yield (key, *path)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield ("[]",)
        for one, other in zip(expected, found, strict=False):
            yield from _lost(one, other)
    elif expected != found and not (isinstance(expected, str) and isinstance(found, str)):
        yield (repr(expected),)


def main() -> None:
    """Read what to do, do it, print the problems."""
    told = json.load(sys.stdin)
    generated = Generated(told["document"], Path(told["folder"]))
    client = generated.whole.Client(base_url=told["address"], headers=told["headers"], timeout=120)
    operations = [
        Operation(path, method, described)
        for path, methods in told["document"]["paths"].items()
        for method, described in methods.items()
    ]
    gone = [each for each in operations if each.method == "delete" and not each.path.endswith("/role")]
    for operation in [*(each for each in operations if each not in gone), *reversed(gone)]:
        generated.call(operation, client, told["arguments"])
        generated.send_texts(operation, told["address"], told["headers"])
    print(json.dumps(generated.problems))  # noqa: T201  # the answer


if __name__ == "__main__":
    main()
