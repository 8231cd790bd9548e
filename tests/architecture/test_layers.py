"""Who may import what: import-linter's contracts in pyproject.toml."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from tests.architecture.project import PROJECT, modules, services

LINT = Path(sys.executable).with_name("lint-imports")
CONFIGURATION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]
ROOTS: list[str] = CONFIGURATION["root_packages"]
CONTRACTS: list[str] = [contract["name"] for contract in CONFIGURATION["contracts"]]

# One import against each contract.
VIOLATIONS = {
    "Services speak to each other over HTTP only": (
        "tracking/web/schema.py",
        "from simulator.web import schema",
    ),
    "In a service, web is above service is above persistence is above utils": (
        "simulator/persistence/model/simulated_set.py",
        "from simulator.service import splitter",
    ),
    "web.controller knows web.schema, service and fleet": (
        "simulator/web/controller/simulator.py",
        "from simulator.persistence.repository import samples",
    ),
    "service knows persistence, utils, db's definitions and fleet without its web face": (
        "simulator/service/splitter.py",
        "import sqlalchemy",
    ),
    "persistence knows db, fleet, SQLAlchemy and MLflow": (
        "simulator/persistence/repository/definitions.py",
        "import flask",
    ),
    "A service's working parts know nothing of the web before them": (
        "simulator/services.py",
        "import fleet.web.health",
    ),
    "config knows fleet's settings only": ("simulator/config/settings.py", "import db.definition"),
    "fleet knows neither the database nor a service": ("fleet/web/health.py", "import db.sets"),
    "db knows fleet only, and not its web face": ("db/sets.py", "import fleet.web.health"),
    "client stands alone": ("client/errors.py", "import fleet.errors"),
    "Only the launcher uses client: services have fleet.sibling": (
        "tracking/web/schema.py",
        "import client.errors",
    ),
}


def lint(folder: Path) -> str:
    done = subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=280
    )
    return " ".join(done.stdout.split()) + done.stderr


def verdict(report: str) -> tuple[int, int]:
    """How many contracts are kept and broken."""
    found = re.search(r"Contracts: (\d+) kept, (\d+) broken", report)
    assert found, report
    return int(found[1]), int(found[2])


def test_all_contracts_are_kept() -> None:
    report = lint(PROJECT)
    assert verdict(report) == (len(CONTRACTS), 0), report


def test_the_linter_sees_every_module() -> None:
    graph = grimp.build_graph(*ROOTS, cache_dir=None)
    seen = {name for name in graph.modules if name.split(".")[0] in ROOTS}
    files = [path.relative_to(PROJECT).with_suffix("") for path in modules(*ROOTS)]
    importable = {
        ".".join(path.parts).removesuffix(".__init__") for path in files if "migrations" not in path.parts
    }
    assert seen == importable
    assert len(seen) > 150


def test_every_contract_bites(tmp_path: Path) -> None:
    assert set(VIOLATIONS) == set(CONTRACTS)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for root in ROOTS:
        shutil.copytree(PROJECT / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    for file, line in VIOLATIONS.values():
        with (tmp_path / file).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    report = lint(tmp_path)
    for name in CONTRACTS:
        assert f"{name} BROKEN" in report
    assert verdict(report) == (0, len(CONTRACTS))


@pytest.mark.parametrize("root", ["fleet", "db", "client", *(service.name for service in services())])
def test_importing_makes_no_engine_and_no_app_and_a_service_without_its_web_has_no_flask(root: str) -> None:
    """Nothing happens at import; in a fresh process, with all that libraries import too."""
    names = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in modules(root)
        if path.name not in ("__main__.py", "__init__.py") and "migrations" not in path.parts
    ]
    is_service = root in {service.name for service in services()}
    assert f"{root}.services" in names or not is_service
    program = (
        "import importlib, socket, sys\n"
        "def refuse(*_): raise SystemExit('a connection at import')\n"
        "socket.socket.connect = refuse\n"
        "if sys.argv[1]:\n"
        "    assert callable(importlib.import_module(sys.argv[1]).create_services)\n"
        "    assert not {'flask', 'fleet.web', 'granian'} & sys.modules.keys(), 'the web'\n"
        "import flask, sqlalchemy\n"
        "made = []\n"
        "flask.Flask.__init__ = lambda *_, **__: made.append('app')\n"
        "for name in sys.argv[2:]: importlib.import_module(name)\n"
        "assert not made, made\n"
        "print(len(sys.argv) - 2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"{root}.services" if is_service else "", *names],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(len(names))), done.stderr
