"""Runs a command of `./launch.sh` and turns whatever ends it early into a sentence and an exit status."""

import sys
from importlib import import_module

from fleet.errors import FleetError
from launcher.bootstrap import InstallationError
from launcher.interrupts import Interrupted, interrupts


def main() -> None:
    interrupts.install()
    try:
        # Only now: importing takes most of a second, in which Ctrl-C should be as quiet as later.
        import_module("launcher.commands").cli(prog_name="./launch.sh")
    except FleetError as error:
        sys.stderr.write(f"{error.error}\n{error.message}\n")
        sys.exit(1)
    except InstallationError as error:
        sys.exit(str(error))
    except Interrupted as interrupted:
        sys.stderr.write(f"Stopped by {interrupted}.\n")
        sys.exit(interrupted.status)


if __name__ == "__main__":
    main()
