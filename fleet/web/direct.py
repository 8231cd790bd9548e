"""Answers that take no longer than handing the request to a thread would: given in the event loop itself.

Only what is plain and goes well is answered here: known credentials, JSON, no query, no error. Everything
else goes the ordinary way through the app, where the same path has a resource that answers the same; so
credentials are refused, errors are told and bodies are checked in one place only.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flask import Flask
from granian.rsgi import Scope

from fleet.caller import Caller
from fleet.errors import FleetError
from fleet.web.access import Sender
from fleet.web.credentials import access_of
from fleet.web.headers import Headers, host_of
from fleet.web.request_log import is_logged, log_answered, whose
from fleet.web.roles import role_of
from fleet.web.shared_counters import COUNTING
from fleet.web.wsgi_call import WsgiAnswer

EXTENSION = "mlfleet-direct"
JSON_TYPE = "application/json"
LONGEST_BODY = 64 * 1024
LOG_S = 0.02

Header = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class DirectRequest:
    """A POST that was let in. header: the value of a header, by its name in small letters."""

    body: bytes
    request_id: str
    header: Header


Work = Callable[[DirectRequest], bytes | None]
"""The JSON of a 200, or None, without having changed anything, for what should go the ordinary way."""


def answer_directly(app: Flask, paths: Iterable[str], work: Work) -> None:
    """Have POSTs to these paths, which are routes of the app, answered by `work` where it can."""
    app.extensions.setdefault(EXTENSION, {}).update(dict.fromkeys(paths, work))


class DirectLane:
    """What is answered in the event loop. Not for several threads at a time. proxies: as for host_of."""

    def __init__(self, app: Flask, proxies: int) -> None:
        self._works: Mapping[str, Work] = app.extensions.get(EXTENSION, {})
        self._proxies = proxies
        self._access = access_of(app)
        adapter, counting = app.url_map.bind(""), app.extensions[COUNTING]
        self._roles = {
            path: role_of(app, str(adapter.match(path, "POST")[0]), "POST") for path in self._works
        }
        self._count = {path: counting(path, "POST", 200) for path in self._works}
        self._untold: list[tuple[str, float, Caller | None, str]] = []

    def answer(self, scope: Scope, headers: Headers, body: bytes, name: str) -> WsgiAnswer | None:
        """The answer, or None: the request goes the ordinary way. name: the request's id."""
        path = scope.path
        work = self._works.get(path)
        if work is None or scope.method != "POST" or scope.query_string or len(body) > LONGEST_BODY:
            return None
        started = time.perf_counter()
        header: Header = headers.get
        if header("content-type") != JSON_TYPE:
            return None
        try:
            sender = Sender("POST", header, host_of(headers, self._proxies), name)
            caller = self._access.admit(sender, self._roles[path])
            content = work(DirectRequest(body, name, header))
        except FleetError:
            return None
        if content is None:
            return None
        seconds = time.perf_counter() - started
        self._count[path](seconds)
        self._log_soon(path, seconds, caller, name)
        return WsgiAnswer(200, [("content-type", JSON_TYPE), ("x-request-id", name)], content)

    def write_log(self) -> None:
        """Lines for what was answered since the last time.

        One after the other they take a fraction of the time that each takes between two requests.
        """
        untold, self._untold = self._untold, []
        for path, seconds, caller, name in untold:
            log_answered("POST", path, 200, seconds, whose(caller, name))

    def _log_soon(self, path: str, seconds: float, caller: Caller | None, name: str) -> None:
        if not is_logged():
            return
        if not self._untold:
            asyncio.get_running_loop().call_later(LOG_S, self.write_log)
        self._untold.append((path, seconds, caller, name))
