"""What ml_model counts for Prometheus."""

from collections.abc import Mapping

from prometheus_client import Counter

from fleet.web.metrics import Metrics
from ml_model.persistence.model.live_rows import FeedbackOutcome
from ml_model.service.counters import Counters


class PrometheusCounters(Counters):
    """Counts it by use case."""

    def __init__(self, metrics: Metrics) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(name, what, ("use_case", *labels), registry=metrics.registry)

        self._waiting = metrics.gauge("mlfleet_live_rows_waiting", "Answered rows that wait to be stored")
        self._predicted = counter("mlfleet_predictions", "Predictions stored, by class", "class")
        self._stored = counter("mlfleet_live_rows_stored", "Answered rows that were stored")
        self._lost = counter("mlfleet_live_rows_lost", "Answered rows that could not be stored")
        self._feedback = counter(
            "mlfleet_feedback_rows", "Truths that were sent, by what became of them", "outcome"
        )

    def predicted(self, use_case: str, classes: Mapping[int, int]) -> None:
        for name, count in classes.items():
            self._predicted.labels(use_case, name).inc(count)

    def stored(self, use_case: str, rows: int, classes: Mapping[int, int]) -> None:
        self._stored.labels(use_case).inc(rows)
        self.predicted(use_case, classes)

    def lost(self, use_case: str, rows: int) -> None:
        self._lost.labels(use_case).inc(rows)

    def waiting(self, rows: int) -> None:
        self._waiting.set(rows)

    def told(self, use_case: str, outcome: FeedbackOutcome) -> None:
        for name in ("stored", "replaced", "unchanged", "unknown"):
            self._feedback.labels(use_case, name).inc(getattr(outcome, name))
