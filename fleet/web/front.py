"""What stands between granian and the app of a service: a request gets a thread when it is there, not before.

granian's WSGI interface gives a request a thread as soon as its headers are read; clients that stall in the
middle of a body then hold all of them. Here an event loop reads the bodies, within bounds of size and time,
and hands whole requests to threads. Health and metrics have threads of their own. What fleet.web.direct
knows to answer needs no thread.
"""

import asyncio
import json
import logging
import time
from contextlib import suppress
from functools import partial

from flask import Flask
from granian.rsgi import (  # type: ignore[attr-defined]  # it has no __all__
    HTTPProtocol,
    ProtocolClosed,
    Scope,
)

from fleet.errors import BugError, BusyError, FleetError
from fleet.patience import Patience
from fleet.settings import ServiceSettings
from fleet.web.body import Body, BodyReader, ClientGoneError
from fleet.web.client_gone import give_up_when_gone
from fleet.web.direct import DirectLane
from fleet.web.heavy import LEAVE_LANE, PATIENCE
from fleet.web.lane import Job, Lane
from fleet.web.request_id import request_id
from fleet.web.shared_counters import REFUSALS
from fleet.web.wsgi_call import WsgiAnswer, call, environ_of

log = logging.getLogger(__name__)

LIVE_PATH = "/health/live"
WATCHED_PATHS = ("/health/", "/metrics")
WATCHING_THREADS = 2


class Front:
    """The RSGI application that a service's worker runs."""

    def __init__(self, app: Flask, settings: ServiceSettings) -> None:
        self._app = app
        self._count_refusal = app.extensions[REFUSALS]
        self._settings = settings
        self._direct = DirectLane(app)
        self._reader = BodyReader(limit=settings.max_body_bytes, seconds=settings.body_timeout_s)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        waiting = self._settings.max_waiting
        self._working = Lane(loop, threads=self._settings.threads, waiting=waiting)
        self._watching = Lane(loop, threads=WATCHING_THREADS, waiting=waiting)
        # A database that hangs may hold those who ask for readiness, but not make a living process look dead.
        self._living = Lane(loop, threads=1, waiting=waiting)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._direct.write_log()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        name = request_id(scope.headers.get("x-request-id"))
        body = Body()
        try:
            await self._reader.read(scope, protocol, body)
            answer = self._direct.answer(scope, body.content.getvalue(), name)
            if answer is None:
                answer = await self._answer(scope, protocol, body, name)
        except ClientGoneError:
            return
        except FleetError as error:
            answer = self._refuse(scope, error, name, body)
        except Exception:
            log.exception("Unexpected error outside of the app", extra={"request_id": name})
            answer = self._refuse(scope, BugError(), name, body)
        finally:
            self._reader.release(body)
        if body.complete:
            protocol.response_bytes(answer.status, answer.headers, answer.body)
        else:
            await self._answer_early(protocol, answer, body)

    async def _answer_early(self, protocol: HTTPProtocol, answer: WsgiAnswer, body: Body) -> None:
        """Answer while the client is still sending."""
        length = ("content-length", str(len(answer.body)))
        with suppress(ProtocolClosed):
            transport = protocol.response_stream(answer.status, [*answer.headers, length])
            await transport.send_bytes(answer.body)
            await self._reader.discard_rest(body)

    def _answer(
        self, scope: Scope, protocol: HTTPProtocol, body: Body, name: str
    ) -> asyncio.Future[WsgiAnswer]:
        lane = self._lane(scope.path)
        until = time.monotonic() + self._settings.request_timeout_s

        def leave(job: Job) -> None:
            lane.leave(job)
            give_up_when_gone(self._loop, protocol, job)

        def work(job: Job) -> WsgiAnswer:
            environ = environ_of(scope, body.content, body.size)
            environ["HTTP_X_REQUEST_ID"] = name
            environ[LEAVE_LANE] = partial(leave, job)
            environ[PATIENCE] = Patience(until, gone=job.answer.done)
            return call(self._app, environ)

        return lane.run(work, seconds=self._settings.request_timeout_s)

    def _lane(self, path: str) -> Lane:
        if path == LIVE_PATH:
            return self._living
        return self._watching if path.startswith(WATCHED_PATHS) else self._working

    def _refuse(self, scope: Scope, error: FleetError, name: str, body: Body) -> WsgiAnswer:
        self._count_refusal(scope.method, error.status)
        return _refuse(scope, error, name, close=not body.complete)


def _refuse(scope: Scope, error: FleetError, name: str, *, close: bool) -> WsgiAnswer:
    """close: the rest of the body was not read, so that no other request can come on the connection."""
    log.warning(
        "%s %s %s: %s", scope.method, scope.path, error.status, error.error, extra={"request_id": name}
    )
    headers = [("content-type", "application/json"), ("x-request-id", name)]
    if isinstance(error, BusyError):
        headers.append(("retry-after", str(error.retry_after_s)))
    if close:
        headers.append(("connection", "close"))
    body = json.dumps({**error.body(), "request_id": name}, ensure_ascii=False).encode()
    return WsgiAnswer(error.status, headers, body)
