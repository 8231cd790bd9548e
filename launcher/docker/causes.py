"""Why a container failed, in one line, from its own log."""

import re
from collections.abc import Sequence

# What PostgreSQL and the operating system say of what is at the bottom of it.
ROOT_CAUSE = re.compile(r"FATAL|PANIC|Read-only file system|Permission denied")
# What is at the bottom of whatever else such a server says.
FULL = "No space left on device"
# Lines that surround the one that says what is wrong.
NOISE = re.compile(
    r"^\s|^$|^Traceback |^\(Background on this error|^\[SQL|^During handling|^The above exception"
)
# How a line of a running log begins, unlike the sentences that our services end with.
LOGGED = re.compile(r"^(?:\d{4}[-/]\d\d[-/]\d\d[ T]\S+ (?:UTC )?(?:\[\d+\] )?|\[)")
SAYS_NOTHING = "it wrote no log"


def cause(lines: Sequence[str]) -> str:
    """The line of a log that says what is wrong; a service ends with two, the second of them advice."""
    saying = [line.rstrip() for line in lines if not NOISE.match(line.rstrip())]
    roots = [line for line in saying if FULL in line] or [line for line in saying if ROOT_CAUSE.search(line)]
    if roots:
        return LOGGED.sub("", roots[-1])
    if not saying:
        return SAYS_NOTHING
    last, before = saying[-1], saying[-2:-1]
    if before and before[0] != last and not LOGGED.match(before[0]) and not LOGGED.match(last):
        return f"{before[0]}. {last}"
    return LOGGED.sub("", last)
