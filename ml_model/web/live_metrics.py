"""What ml_model tells Prometheus about live traffic."""

from collections.abc import Mapping

from prometheus_client import Counter

from fleet.web.metrics import Metrics
from ml_model.persistence.model.live_rows import FeedbackOutcome
from ml_model.service.ml_service import Predicted


class LiveCounters:
    """Counters of live rows. predicted: is told how often each class was predicted."""

    def __init__(self, metrics: Metrics, predicted: Predicted) -> None:
        self._predicted = predicted
        registry = metrics.registry
        self._waiting = metrics.gauge("mlfleet_live_rows_waiting", "Answered rows that wait to be stored")
        self._stored = Counter(
            "mlfleet_live_rows_stored", "Answered rows that were stored", ("use_case",), registry=registry
        )
        self._lost = Counter(
            "mlfleet_live_rows_lost",
            "Answered rows that could not be stored",
            ("use_case",),
            registry=registry,
        )
        self._feedback = Counter(
            "mlfleet_feedback_rows",
            "Truths that were sent, by what became of them",
            ("use_case", "outcome"),
            registry=registry,
        )

    def lost(self, use_case: str, rows: int) -> None:
        """Rows that are not stored, and will not be."""
        self._lost.labels(use_case).inc(rows)

    def stored(self, use_case: str, rows: int, classes: Mapping[int, int]) -> None:
        """Rows that were stored, and how often each class was predicted."""
        self._stored.labels(use_case).inc(rows)
        self._predicted(use_case, classes)

    def told(self, use_case: str, outcome: FeedbackOutcome) -> None:
        """What became of feedback."""
        for name in ("stored", "replaced", "unchanged", "unknown"):
            self._feedback.labels(use_case, name).inc(getattr(outcome, name))

    def waiting(self, rows: int) -> None:
        """How many rows of this process wait to be stored."""
        self._waiting.set(rows)
