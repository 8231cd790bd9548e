"""`./launch.sh test`: style, types and every test, as CI runs them."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from fleet.services import SERVICES
from launcher.background import PROJECT

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "."),
)
# Containers keep one process waiting most of the time; everything else runs in the other (tests/conftest.py).
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder")
QUICK = (*SIDE_BY_SIDE, "tests/unit", "tests/architecture")
NODE_PROGRAMS = PROJECT / ".mlfleet" / "node" / "node_modules" / ".bin"
PREFIXES = (
    *("MLFLEET_", "MLFLOW_", *(service.prefix for service in SERVICES)),
    *("COMPOSE_", "PUBLISH_ADDRESS", "TOOLS_ADDRESS", "PROXY_", "HTTP_PORT", "HTTPS_PORT"),
    *("PROMETHEUS_", "PUSHGATEWAY_", "ALERTMANAGER_", "GRAFANA_"),
)


def run_checks(arguments: Sequence[str], environment: Mapping[str, str], *, quick: bool) -> int:
    """Runs everything, or pytest alone when it is given arguments. Returns the exit status.

    quick: of the tests, only those that start no service. pytest comes last, so that its closing line ends
    what is printed.
    """
    clean = clean_environment(environment)
    failed = [] if arguments else [check for check in CHECKS if _run(check, clean) != 0]
    if failed:
        names = ", ".join(" ".join(check) for check in failed)
        _say(f"Failed: {names} (see above). The tests run nevertheless; the exit status will be 1.")
    status = _run(("pytest", *(arguments or (QUICK if quick else SIDE_BY_SIDE))), clean)
    return status or int(bool(failed))


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of a stack that the tests are not about."""
    clean = {name: value for name, value in environment.items() if not name.startswith(PREFIXES)}
    clean["PATH"] = os.pathsep.join([str(NODE_PROGRAMS), environment.get("PATH", os.defpath)])
    return clean


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    _say(f"== {' '.join(command)}")
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, env=environment, check=False
    ).returncode


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # in order with what the tools print
