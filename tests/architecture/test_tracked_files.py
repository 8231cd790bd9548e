"""What must not get into the repository."""

import re

from tests.architecture.project import tracked_files

# Written in pieces, or this file would be found itself.
REGISTRIES = re.compile(
    r"(?:pypi\.(?:org|python)|files\.python" + r"hosted|registry\.npm" + r"js|conda\.anac" + r"onda"
    r"|ghcr\." + r"io|quay\." + r"io|proxy\.golang" + r")"
)
MACHINE_PATHS = re.compile(
    r"(?<![\w.$}~/-])/(?:ro" + r"ot/\.|wo" + r"rk/|home/" + r"[a-z]|Users/" + r"|tm" + r"p/)"
)
BINARY = {".png", ".gif", ".jpg", ".ico", ".woff2"}


def found(pattern: re.Pattern[str]) -> tuple[int, list[str]]:
    """How many files were searched, and the lines that match."""
    texts = [path for path in tracked_files() if path.suffix not in BINARY]
    lines = [
        f"{path.name}:{number}: {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    return len(texts), lines


def test_no_file_names_a_package_registry() -> None:
    searched, lines = found(REGISTRIES)
    assert searched > 200
    assert lines == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    searched, lines = found(MACHINE_PATHS)
    assert searched > 200
    assert lines == []


def test_nothing_that_is_made_by_running_is_tracked() -> None:
    made = {"__pycache__", ".mlfleet", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules"}
    assert [path for path in tracked_files() if made.intersection(path.parts) or path.suffix == ".pyc"] == []
