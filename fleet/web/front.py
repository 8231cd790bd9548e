"""What stands between granian and the app of a service: a request gets a thread when it is there, not before.

granian's WSGI interface gives a request a thread as soon as its headers are read; clients that stall in the
middle of a body then hold all of them. Here an event loop reads the bodies, within bounds of size and time,
and hands whole requests to threads. More than the start of a small body is read only once the app has seen
the headers and let them in. Health and metrics have threads of their own. What fleet.web.direct knows to
answer needs no thread.
"""

import asyncio
import json
import logging
import time
from contextlib import suppress
from functools import partial
from io import BytesIO

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
from fleet.web.client_gone import WaitingClient
from fleet.web.direct import DirectLane
from fleet.web.headers import Headers, client_of, read_headers
from fleet.web.headers_alone import HEADERS_ALONE, LetIn
from fleet.web.heavy import PATIENCE
from fleet.web.lane import LEAVE_LANE, Job, Lane
from fleet.web.request_id import request_id
from fleet.web.shared_counters import REFUSALS
from fleet.web.wsgi_call import WsgiAnswer, call, environ_of

log = logging.getLogger(__name__)

LIVE_PATHS = frozenset({"/health/live", "/v2/health/live"})
WATCHED_PATHS = ("/health", "/metrics", "/v2/health/", "/ping")
WATCHING_THREADS = 2
MOST_CHECKED = 1024  # requests whose headers wait to be looked at: that takes a moment
LONGEST_LOGGED = 200
LET_IN = WsgiAnswer(204, [], b"")  # not sent: the app wants the body too


class Front:
    """The RSGI application that a service's worker runs."""

    def __init__(self, app: Flask, settings: ServiceSettings) -> None:
        self._app = app
        self._count_refusal = app.extensions[REFUSALS]
        self._settings = settings
        self._direct = DirectLane(app, settings.trusted_proxies)
        self._reader = BodyReader(limit=settings.max_body_bytes, seconds=settings.body_timeout_s)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        waiting = self._settings.max_waiting
        self._working = Lane(loop, threads=self._settings.threads, waiting=waiting)
        self._watching = Lane(loop, threads=WATCHING_THREADS, waiting=waiting)
        self._checking = Lane(loop, threads=1, waiting=MOST_CHECKED)
        # A database that hangs may hold those who ask for readiness, but not make a living process look dead.
        self._living = Lane(loop, threads=1, waiting=waiting)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._direct.write_log()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        name = request_id(scope.headers.get("x-request-id"))
        body = Body()
        try:
            headers = read_headers(scope, self._settings.trusted_proxies)
            self._reader.open(headers, protocol, body)
            answer = await self._read(scope, protocol, headers, body, name)
            if answer is None:
                answer = self._direct.answer(scope, headers, body.content.getvalue(), name)
            if answer is None:
                answer = await self._answer(scope, protocol, body, name)
        except ClientGoneError:
            return
        except FleetError as error:
            answer = self._refuse(scope, error, name)
        except Exception:
            log.exception("Unexpected error outside of the app", extra={"request_id": name})
            answer = self._refuse(scope, BugError(), name)
        finally:
            self._reader.release(body)
        if body.complete:
            protocol.response_bytes(answer.status, answer.headers, answer.body)
        else:
            await self._answer_early(protocol, answer, body)

    async def _read(
        self, scope: Scope, protocol: HTTPProtocol, headers: Headers, body: Body, name: str
    ) -> WsgiAnswer | None:
        """Read the body; the app's answer if it refuses the headers, None if it does not."""
        if body.is_small and not body.complete:
            await self._reader.read_start(body)
        if body.complete:
            return None  # it is there: the app sees all at once
        answer = await self._answer(scope, protocol, body, name, headers_alone=True)
        if answer is LET_IN:
            await self._reader.read_rest(body, client_of(scope, headers, self._settings.trusted_proxies))
            return None
        if body.is_small:
            await self._reader.discard_rest(body)  # the next request can come on the connection
        return answer

    async def _answer_early(self, protocol: HTTPProtocol, answer: WsgiAnswer, body: Body) -> None:
        """Answer while the client is still sending; no other request can come on the connection."""
        headers = [each for each in answer.headers if each[0].lower() not in ("content-length", "connection")]
        headers += [("content-length", str(len(answer.body))), ("connection", "close")]
        with suppress(ProtocolClosed):
            transport = protocol.response_stream(answer.status, headers)
            await transport.send_bytes(answer.body)
            await self._reader.discard_rest(body)

    def _answer(
        self, scope: Scope, protocol: HTTPProtocol, body: Body, name: str, *, headers_alone: bool = False
    ) -> asyncio.Future[WsgiAnswer]:
        """headers_alone: LET_IN if the app refuses nothing of them."""
        lane = self._checking if headers_alone else self._lane(scope.path)
        content, size = (BytesIO(), 0) if headers_alone else (body.content, body.size)
        until = time.monotonic() + self._settings.request_timeout_s
        client = WaitingClient(self._loop, protocol)

        def leave(job: Job) -> None:
            if lane.leave(job):
                client.give_up_when_gone(job)

        def work(job: Job) -> WsgiAnswer:
            environ = environ_of(scope, content, size)
            environ["HTTP_X_REQUEST_ID"] = name
            environ[HEADERS_ALONE] = headers_alone
            environ[LEAVE_LANE] = partial(leave, job)
            environ[PATIENCE] = Patience(until, gone=job.answer.done)
            try:
                return call(self._app, environ)
            except LetIn:
                return LET_IN

        answer = lane.run(work, seconds=self._settings.request_timeout_s)
        answer.add_done_callback(client.let_go)
        return answer

    def _lane(self, path: str) -> Lane:
        if path in LIVE_PATHS:
            return self._living
        return self._watching if path.startswith(WATCHED_PATHS) else self._working

    def _refuse(self, scope: Scope, error: FleetError, name: str) -> WsgiAnswer:
        self._count_refusal(scope.method, error.status)
        path = repr(scope.path[:LONGEST_LOGGED])[1:-1]  # it may hold line ends
        log.warning("%s %s %s: %s", scope.method, path, error.status, error.error, extra={"request_id": name})
        headers = [("content-type", "application/json"), ("x-request-id", name)]
        if isinstance(error, BusyError):
            headers.append(("retry-after", str(error.retry_after_s)))
        body = json.dumps({**error.body(), "request_id": name}, ensure_ascii=False).encode()
        return WsgiAnswer(error.status, headers, body)
