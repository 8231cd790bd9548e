"""The logs of a local stack."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from launcher.stack import UnknownLogError


def show_logs(known: Mapping[str, Path], service: str | None, lines: int, *, follow: bool) -> NoReturn:
    """Becomes `tail` of one of the known logs, or of all there are."""
    if service is not None and service not in known:
        raise UnknownLogError(f"There is no service {service}", f"The services are {', '.join(known)}")
    files = [log for name, log in known.items() if service in {None, name} and log.exists()]
    if not files:
        raise UnknownLogError("Nothing has been logged yet", "Start the stack with ./launch.sh")
    options = ["-n", str(lines), *(["-F"] if follow else [])]
    os.execvp("tail", ["tail", *options, *map(str, files)])  # noqa: S606, S607
