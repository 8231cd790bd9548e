"""Running one of the fleet's own programs to its end."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from fleet.errors import FleetError
from launcher.settings import PROJECT


class ProgramFailedError(FleetError):
    """A program ended with an error; this carries its last line."""


def run_program(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What this Python prints with these arguments. Raises ProgramFailedError."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ProgramFailedError(
            f"The program {' '.join(arguments[:2])} failed: {said[-1].strip()}",
            "Check with ./launch.sh status that everything is up",
        )
    return done.stdout
