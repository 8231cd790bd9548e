"""The codes of all errors that services answer, from the tree itself: `python -m tests.error_codes`.

Prints the table that stands in extras/API.md.
"""

import importlib
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from fleet.errors import FleetError, code_of

PROJECT = Path(__file__).parents[1]
ANSWERING = ("fleet", "db", *sorted(app.parts[-3] for app in PROJECT.glob("*/web/app.py")))
NEVER_ANSWERED = 500  # what a service fails to start for; of those that are answered it is BugError only


def import_all() -> None:
    """Import every module that may hold an error which a service answers."""
    for root in dict.fromkeys(ANSWERING):
        for path in sorted((PROJECT / root).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            if not {"__main__", "migrations"} & set(parts):
                importlib.import_module(".".join(part for part in parts if part != "__init__"))


def below(kind: type[FleetError]) -> Iterator[type[FleetError]]:
    """Every kind of error below this one."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def answered() -> dict[str, list[type[FleetError]]]:
    """The kinds of error by code, those first that name it."""
    kinds: dict[str, list[type[FleetError]]] = defaultdict(list)
    for kind in sorted(below(FleetError), key=lambda kind: kind.code != code_of(kind)):
        if kind.status != NEVER_ANSWERED or kind.__name__ == "BugError":
            kinds[kind.code].append(kind)
    return dict(sorted(kinds.items()))


def table() -> str:
    """Markdown, a code a line: its status, the services that answer it, and the cause."""
    lines = ["| code | status | of | cause |", "|---|---|---|---|"]
    for code, kinds in answered().items():
        origins = sorted({kind.__module__.partition(".")[0] for kind in kinds})
        of = "all" if {"fleet", "db"} & set(origins) else ", ".join(origins)
        cause = (inspect.getdoc(kinds[0]) or "").partition("\n")[0]
        lines.append(f"| `{code}` | {kinds[0].status} | {of} | {cause} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    import_all()
    sys.stdout.write(table())
