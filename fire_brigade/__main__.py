"""`python -m fire_brigade`: serve, do its jobs (`worker`), or do a step; `--help` lists these."""

import sys
from importlib import import_module

from fire_brigade.config.settings import FireBrigadeSettings

if __name__ == "__main__":
    if sys.argv[1:] in ([], ["serve"]):
        from fleet.web.server import serve

        # Before anything imports prometheus-client, which must find the folder that workers share.
        serve("fire_brigade.web.app:create_app", FireBrigadeSettings)
    elif sys.argv[1:] == ["worker"]:
        from db.jobs.worker import work

        work("fire_brigade", FireBrigadeSettings)
    else:
        import_module("fire_brigade.commands").main()
