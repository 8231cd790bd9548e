"""`/metrics`: what a service tells Prometheus, for all of its worker processes together.

Counters and gauges of a process go into `Metrics.registry`; the workers share them through files, so that
whichever answers adds up all of them. What must be true for every replica and after a restart is not counted
but read from where it is kept, at the moment of the scrape, by a reader.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from platform import python_version

from flask import Flask, Response, g, request
from flask_restful import Resource
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from fleet.errors import FleetError
from fleet.web.answers import answers
from fleet.web.asking import Asking, NoAnswerYetError
from fleet.web.openapi import VERSION
from fleet.web.roles import takes_role
from fleet.web.shared_counters import COUNTING, REFUSALS, counters_folder

log = logging.getLogger(__name__)

EXTENSION = "mlfleet-metrics"
METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)  # a client may invent others
# Seconds: from a prediction to a training that others wait for.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
READING_S = 1.5  # what watches waits two seconds; Prometheus gives a scrape up 10 s after it began

Read = Callable[[], Iterable[Metric]]


class Metrics:
    """The metrics of a service's app; its counters and gauges are made with `registry=metrics.registry`."""

    def __init__(self, app: Flask) -> None:
        self.registry = CollectorRegistry()
        self.service = app.name
        self._app = app
        self._readers: list[_Reader] = []
        self._elsewhere: list[Path] = []
        self._look_at_pool: Callable[[], None] = lambda: None
        self._requests = Counter(
            "mlfleet_http_requests",
            "Requests answered, by the rule of the route",
            ("service", "route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "mlfleet_http_request_duration_seconds",
            "Time from the first byte of a request to its answer",
            ("service", "route", "method"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._in_progress = self.gauge("mlfleet_http_requests_in_progress", "Requests not yet answered")
        app.before_request(self._began)
        app.after_request(self._answered)
        app.teardown_request(self._ended)

    def gauge(self, name: str, what: str) -> Gauge:
        """A gauge of the service, whose value is the sum over its living workers."""
        gauge = Gauge(name, what, ("service",), registry=self.registry, multiprocess_mode="livesum")
        child: Gauge = gauge.labels(self.service)
        return child

    def watch_pool(self, size: int, in_use: Callable[[], int]) -> None:
        """Show how many database connections are kept open at most, and how many are in use."""
        self.gauge("mlfleet_database_pool_size", "Database connections that are kept open at most").set(size)
        used = self.gauge("mlfleet_database_pool_in_use", "Database connections in use")
        self._look_at_pool = lambda: used.set(in_use())

    def add_counted_in(self, folder: Path) -> None:
        """Add what processes beside the service have counted, in files of prometheus-client's."""
        self._elsewhere.append(folder)

    def read_at_scrape(self, read: Read) -> None:
        """Show what `read` gives, in the app's context; nothing of it while it fails or takes too long."""
        self._readers.append(_Reader(self._app, read))

    def expose(self, accepted: str) -> tuple[bytes, str]:
        """The metrics in the format that the client accepts, and its content type."""
        self._look_at_pool()
        try:
            encode, content_type = choose_encoder(accepted)
        except TypeError:  # it stumbles over a version that is no number
            encode, content_type = choose_encoder("")
        return encode(_Given(self._collect())), content_type

    def _collect(self) -> list[Metric]:
        build = GaugeMetricFamily("mlfleet_build_info", "What runs", labels=("service", "version", "python"))
        build.add_metric((self.service, VERSION, python_version()), 1)
        failing = GaugeMetricFamily(
            "mlfleet_scrape_error", "1 while what is read at a scrape cannot be read", labels=("service",)
        )
        reading = [reader.begin() for reader in self._readers]  # side by side: they have the same time
        read = [found() for found in reading]
        failing.add_metric((self.service,), float(None in read))
        return [*self._counted(), *(metric for metrics in read for metric in metrics or ()), failing, build]

    def _counted(self) -> Iterable[Metric]:
        folder = counters_folder()
        if folder is None:
            return self.registry.collect()
        _forget_the_dead(folder)
        files = [str(path) for each in (folder, *self._elsewhere) for path in each.glob("*.db")]
        counted: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return counted

    def refused(self, method: str, status: int) -> None:
        """Count a request that the app never saw."""
        self._requests.labels(self.service, "refused", _known(method), status).inc()

    def counter_of(self, route: str, method: str, status: int) -> Callable[[float], None]:
        """Counts an answer that the app never saw; it is told the seconds that the answer took."""
        requests = self._requests.labels(self.service, route, method, status)
        seconds = self._seconds.labels(self.service, route, method)

        def count(taken: float) -> None:
            requests.inc()
            seconds.observe(taken)

        return count

    def _began(self) -> None:
        g.counted_since = time.perf_counter()
        self._in_progress.inc()

    def _answered(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        method = _known(request.method)
        self._requests.labels(self.service, route, method, response.status_code).inc()
        self._seconds.labels(self.service, route, method).observe(time.perf_counter() - g.counted_since)
        return response

    def _ended(self, _: BaseException | None) -> None:
        if g.pop("counted_since", None) is not None:
            self._in_progress.dec()
        self._look_at_pool()


class Exposition(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/metrics`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @answers(None, media_type="text/plain")
    @takes_role("user")
    def get(self) -> Response:
        """Expose the metrics to Prometheus."""
        text, content_type = self._metrics.expose(request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)


class _Given(Collector):
    """Metrics that were collected already, as the encoders want them."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class _Reader:
    """Reads what a database that hangs may keep, without holding up the scrape."""

    def __init__(self, app: Flask, read: Read) -> None:
        self._asking = Asking(app, lambda: list(read()), seconds=READING_S)

    def begin(self) -> Callable[[], list[Metric] | None]:
        """Begin to read; what is returned gives what there is, or None if it cannot be had in READING_S."""
        asked = self._asking.begin()

        def found() -> list[Metric] | None:
            try:
                return asked.answer()
            except NoAnswerYetError:
                return None
            except FleetError as error:
                log.debug("Not read for a scrape: %s", error.error)
            except Exception:
                log.exception("A reader of metrics failed")
            return None

        return found


def _known(method: str) -> str:
    return method if method in METHODS else "other"


def _forget_the_dead(folder: Path) -> None:
    """Take dead workers' gauges out of the sums; what they counted stays counted."""
    owners = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}
    for owner in owners:
        if not _lives(owner):
            mark_process_dead(owner, str(folder))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, PermissionError):  # the latter: its number is now another user's process's
        return False
    return True


def measure(app: Flask) -> Metrics:
    """Count and time every request of the app."""
    metrics = Metrics(app)
    app.extensions[EXTENSION] = metrics
    app.extensions[REFUSALS] = metrics.refused
    app.extensions[COUNTING] = metrics.counter_of
    return metrics


def metrics_of(app: Flask) -> Metrics:
    """The metrics of an app that `make_app` made."""
    metrics: Metrics = app.extensions[EXTENSION]
    return metrics
