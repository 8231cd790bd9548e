"""The services' parts, as a worker or a command uses them: all the way to a prediction, without Flask."""

import os
import subprocess
import sys

from tests.architecture.project import PROJECT
from tests.integration.ml_model.conftest import KEY

PROGRAM = """
import sys
from pydantic import SecretStr
from fleet.caller import Caller
from ml_model.config.settings import MlModelSettings
from ml_model.service.live.predictions import Asked
from ml_model.service.live.table import Table
from ml_model.service.training import InThisProcess
from ml_model.services import create_services
from simulator.config.settings import SimulatorSettings
from simulator.services import create_services as create_simulator

url, key, caller = SecretStr(sys.argv[1]), SecretStr(sys.argv[2]), Caller("worker", "admin", "r1")
simulator = create_simulator(SimulatorSettings(database_url=url))
simulator.start()
simulator.simulator.load("training", "wine", caller=caller)
settings = MlModelSettings(database_url=url, artifact_key=key)
services = create_services(settings, trainer=InThisProcess())
for check in services.checks.values():
    assert not check()
services.models.set_model("wine", "SVC", {}, caller=caller)
services.models.train("wine", caller=caller)
answer = services.live.predictions.answer(Asked("wine", Table([[13.0] * 13]), "key"))
services.stop()
print(len(answer.predictions), answer.served.model_name, "flask" in sys.modules)
"""


def test_rows_are_loaded_a_model_trained_and_asked_without_flask(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, database_url, KEY],
        cwd=PROJECT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.strip() == "1 SVC False", done.stderr
