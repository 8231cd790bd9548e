"""`python -m simulator`: serve, as the environment says."""

from fleet.web.server import serve
from simulator.config.settings import SimulatorSettings

if __name__ == "__main__":
    serve("simulator.web.app:create_app", SimulatorSettings)
