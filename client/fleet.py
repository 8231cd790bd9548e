"""The services of a fleet, as one object."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from client.connection import Auth, Connection, Options
from client.fire_brigade import FireBrigade
from client.jobs import Jobs
from client.ml_model import MlModel
from client.monitoring import Monitoring
from client.simulator import Simulator
from client.tracking import Tracking

ADDRESSES = {
    "simulator": "http://127.0.0.1:5004",
    "ml_model": "http://127.0.0.1:5001",
    "tracking": "http://127.0.0.1:5002",
    "monitoring": "http://127.0.0.1:5003",
    "fire_brigade": "http://127.0.0.1:8000",
}
PATHS = {
    "simulator": "/root/simulator",
    "ml_model": "/root/ml",
    "tracking": "/root/tracking",
    "monitoring": "/root/monitoring",
}


class Fleet:
    """Calls the services of a fleet. Not for several threads at a time: give each a Fleet of its own.

    simulator, ml_model, tracking, monitoring, fire_brigade: their addresses.
    paths: of services whose path below the address is not that of PATHS; fire_brigade has none there.
    auth: a user's name and password. api_key: a program's, instead.
    fire_brigade_auth: one of the users that fire_brigade alone has.
    timeout_s: the longest wait for an answer, in seconds.
    busy_retries: how often a call that a busy service refuses (429) is sent again, each time after the
        seconds that it asks for, unless these are more than a minute.
    verify: whether certificates are checked, or a file of authorities to check them against.
    trust_env: also uses the proxies, .netrc and authorities that the environment names. Not by default: they
        are seldom meant for a fleet on this machine.
    request_ids: makes the X-Request-ID of each call, which errors carry and the logs of the services show.
    """

    def __init__(  # noqa: PLR0913  # all are optional, and given by name
        self,
        *,
        simulator: str = ADDRESSES["simulator"],
        ml_model: str = ADDRESSES["ml_model"],
        tracking: str = ADDRESSES["tracking"],
        monitoring: str = ADDRESSES["monitoring"],
        fire_brigade: str = ADDRESSES["fire_brigade"],
        paths: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        api_key: str | None = None,
        fire_brigade_auth: Auth | None = None,
        timeout_s: float = 120.0,
        busy_retries: int = 0,
        verify: bool | str = True,
        trust_env: bool = False,
        request_ids: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        options = Options(auth, api_key, timeout_s, busy_retries, verify, trust_env, request_ids)
        addresses = {
            "simulator": simulator,
            "ml_model": ml_model,
            "tracking": tracking,
            "monitoring": monitoring,
            "fire_brigade": fire_brigade,
        }
        places = PATHS | dict(paths or {})
        theirs = replace(options, auth=fire_brigade_auth, api_key=None) if fire_brigade_auth else options
        self._connections = {
            name: Connection(
                address.rstrip("/") + places.get(name, ""), theirs if name == "fire_brigade" else options
            )
            for name, address in addresses.items()
        }
        self.simulator = Simulator(self._connections["simulator"])
        self.ml_model = MlModel(self._connections["ml_model"])
        self.tracking = Tracking(self._connections["tracking"])
        self.monitoring = Monitoring(self._connections["monitoring"])
        self.fire_brigade = FireBrigade(self._connections["fire_brigade"])

    def with_jobs(self) -> dict[str, Jobs]:
        """The services that have jobs, by name."""
        return {name: each for name, each in vars(self).items() if isinstance(each, Jobs)}

    def close(self) -> None:
        """Ends the kept connections; `with Fleet(...) as fleet:` does so by itself."""
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
