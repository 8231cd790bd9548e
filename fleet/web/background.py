"""What a service's worker does besides answering: begun once it serves, ended in peace when it stops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.util import Finalize

from flask import Flask

EXTENSION = "mlfleet-background"
FIRST = 100  # before what multiprocessing itself ends


@dataclass
class Background:
    """start: called in the worker; stop: called when it ends, unless it is killed."""

    start: Sequence[Callable[[], object]] = field(default_factory=tuple)
    stop: Sequence[Callable[[], object]] = field(default_factory=tuple)


def run_in_background(app: Flask, background: Background) -> None:
    """Tell `serve` what the app's workers do besides answering."""
    app.extensions[EXTENSION] = background


def start_background(app: Flask) -> None:
    """Start it in this process, which is a worker: they end without atexit, but not without these."""
    background: Background = app.extensions.get(EXTENSION, Background())
    for stop in background.stop:
        Finalize(None, stop, exitpriority=FIRST)
    for start in background.start:
        start()
