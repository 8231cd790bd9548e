"""`python -m simulator`: serve, as the environment says; `python -m simulator worker`: do its jobs."""

import sys

from simulator.config.settings import SimulatorSettings

if __name__ == "__main__":
    if sys.argv[1:] == ["worker"]:
        from db.jobs.worker import work

        work("simulator", SimulatorSettings)
    else:
        from fleet.web.server import serve

        serve("simulator.web.app:create_app", SimulatorSettings)
