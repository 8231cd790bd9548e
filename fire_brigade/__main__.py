"""`python -m fire_brigade`: serve, or do one of the steps; `--help` lists them."""

import sys
from importlib import import_module

from fire_brigade.config.settings import FireBrigadeSettings
from fleet.web.server import serve

if __name__ == "__main__":
    if sys.argv[1:] in ([], ["serve"]):
        # Before anything imports prometheus-client, which must find the folder that workers share.
        serve("fire_brigade.web.app:create_app", FireBrigadeSettings)
    else:
        import_module("fire_brigade.commands").main()
