"""Runs a service's app under granian, behind a front of our own (fleet.web.front)."""

import multiprocessing
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Event

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from fleet.addresses import resolve
from fleet.errors import FleetError
from fleet.logs import GRANIAN_LOGS, set_up_logs
from fleet.settings import ServiceSettings
from fleet.web.background import start_background
from fleet.web.front import Front
from fleet.web.shared_counters import shared_counters

CONNECTION_BYTES = 2**16  # of what a client sends ahead; its headers have to fit in as well
STOP_SECONDS = 20
PORT_SECONDS = 3  # a service that has just been stopped may still hold its port


class PortTakenError(FleetError):
    """Somebody else listens where the service is told to listen."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Cannot listen on {host}, port {port}: {reason}",
            "Stop whatever listens there, or give the service another port by its variable *_PORT",
        )


def serve(target: str, read_settings: Callable[[], ServiceSettings]) -> None:
    """Serve until SIGTERM or SIGINT; on a setting that cannot be used, say so and exit with status 1.

    target: `package.module:factory` of the WSGI app. A worker process is replaced if it dies, unless it dies
    again at once; requests in flight are finished before it stops.
    """
    try:
        settings = read_settings()
        address = _check_port(settings.host, settings.port)
        set_up_logs(target.partition(".")[0], settings)
    except FleetError as error:
        sys.exit(f"{error.error}\n{error.message}")
    # A worker is born with its parent's handler, which would swallow a SIGTERM until the app is made.
    os.register_at_fork(before=_hold_sigterm, after_in_parent=_release_sigterm, after_in_child=_obey_sigterm)
    server = Granian(
        target,
        address=address,
        port=settings.port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=CONNECTION_BYTES),
        loop=Loops.uvloop,
        workers=settings.processes,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=GRANIAN_LOGS,
    )
    is_refused = multiprocessing.Event()
    with shared_counters():
        load = partial(_build, settings=settings, is_refused=is_refused)
        server.serve(target_loader=load)  # type: ignore[arg-type]  # RSGI's is no function
    if is_refused.is_set():
        sys.exit(1)


def _check_port(host: str, port: int) -> str:
    """The address that the host stands for, which is free.

    granian shares its port with whoever else shares theirs: two services would answer in turns.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(OSError),
        stop=stop_after_delay(PORT_SECONDS),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    try:
        return str(attempts(_bind, host, port))
    except OSError as error:
        raise PortTakenError(host, port, error.strerror or str(error)) from error


def _bind(host: str, port: int) -> str:
    family, _, _, _, address = resolve(host, port)
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    return str(address[0])


def _hold_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _release_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _obey_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_sigterm()


def _build(target: str, *, settings: ServiceSettings, is_refused: Event) -> Front:
    """Make the app, in the worker.

    is_refused: told when it cannot be made. The service ends then: granian would make another worker, and
    another, where each takes longer to fail than it waits for.
    """
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        app: Flask = pkgutil.resolve_name(target)()
        start_background(app)
    except FleetError as error:
        sys.stderr.write(f"{error.error}\n{error.message}\n")
        sys.stderr.flush()
        is_refused.set()
        os.kill(os.getppid(), signal.SIGTERM)
        sys.exit(1)
    return Front(app, settings)


def _end_with_parent(parent: int) -> None:
    """A worker whose parent was killed would go on answering beside the one that is started next."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
