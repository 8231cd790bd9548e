"""What Prometheus is told of verdicts, loops, rows without a verdict, and webhooks."""

from collections.abc import Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from monitoring.persistence.model.standing import LastDecision, Standing

VERDICTS = {"insufficient": -1, "steady": 0, "warning": 1, "act": 2}


def standing_metrics(standing: Standing) -> list[Metric]:
    """How every use case stands."""
    loops = CounterMetricFamily(
        "mlfleet_monitoring_loops", "Loops that have ended, by how", labels=("use_case", "outcome")
    )
    for (use_case, outcome), count in standing.loops.items():
        loops.add_metric((use_case, outcome), count)
    unjudged = GaugeMetricFamily(
        "mlfleet_monitoring_oldest_unjudged_seconds",
        "How much longer than its policy has it wait the oldest row has waited for its verdict",
        labels=("use_case",),
    )
    for use_case, seconds in standing.unjudged_s.items():
        unjudged.add_metric((use_case,), seconds)
    webhooks = GaugeMetricFamily(
        "mlfleet_monitoring_webhooks", "Webhooks of the last day, by what became of them", labels=("result",)
    )
    for result, count in standing.webhooks.items():
        webhooks.add_metric((result,), count)
    return [*(_of_verdicts(standing.decisions)), loops, unjudged, webhooks]


def _of_verdicts(decisions: Sequence[LastDecision]) -> list[Metric]:
    verdict = GaugeMetricFamily(
        "mlfleet_monitoring_verdict",
        "The last verdict: 0 steady, 1 warning, 2 act, -1 insufficient",
        labels=("use_case",),
    )
    p = GaugeMetricFamily(
        "mlfleet_monitoring_verdict_p", "p of the last verdict, by evidence", labels=("use_case", "evidence")
    )
    for decision in decisions:
        verdict.add_metric((decision.use_case,), VERDICTS[decision.verdict])
        for evidence, value in decision.p.items():
            p.add_metric((decision.use_case, evidence), value)
    return [verdict, p]
