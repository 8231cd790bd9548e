"""Reads a service's settings and nothing else: `python -m fleet.settings_check package.module:Settings`.

For those who want to know whether a service would start before they stop the one that runs. If the settings
cannot be used, prints why, and the exit status is REFUSED.
"""

import pkgutil
import sys

from fleet.errors import FleetError

REFUSED = 3


def main() -> int:
    """Read the settings that the argument names."""
    try:
        pkgutil.resolve_name(sys.argv[1])()
    except FleetError as error:
        sys.stderr.write(f"{error.error}\n{error.message}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
