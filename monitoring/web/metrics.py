"""What monitoring tells Prometheus besides what every service does."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from monitoring.persistence.model.result import LastVerdict


def verdict_metrics(verdicts: Iterable[LastVerdict]) -> list[Metric]:
    """How the last judgement of every use case went."""
    checks = GaugeMetricFamily(
        "mlfleet_checks",
        "Checks of ours in the last judgement that passed, or failed",
        labels=("use_case", "status"),
    )
    judged = GaugeMetricFamily(
        "mlfleet_judged_timestamp_seconds", "When production was judged last", labels=("use_case",)
    )
    drifted = GaugeMetricFamily(
        "mlfleet_drifted_columns_share", "Share of columns that drifted, from 0 to 1", labels=("use_case",)
    )
    for verdict in verdicts:
        checks.add_metric((verdict.use_case, "passed"), verdict.passed)
        checks.add_metric((verdict.use_case, "failed"), verdict.failed)
        judged.add_metric((verdict.use_case,), verdict.judged_at.timestamp())
        if verdict.drifted_columns_share is not None:
            drifted.add_metric((verdict.use_case,), verdict.drifted_columns_share)
    return [checks, judged, drifted]
