"""What ml_model reads at a scrape for Prometheus: what is live."""

from collections.abc import Collection, Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from ml_model.persistence.model.deployment import LiveModel


def live_metrics(models: Iterable[LiveModel], degraded: Collection[str]) -> list[Metric]:
    """Which models are live, since when, and how they scored last. degraded: use cases."""
    live = GaugeMetricFamily(
        "mlfleet_model_live", "1 if a model is live in the use case, otherwise 0", labels=("use_case",)
    )
    info = GaugeMetricFamily(
        "mlfleet_model_live_info", "The live model", labels=("use_case", "model_name", "deployment_id")
    )
    trained = GaugeMetricFamily(
        "mlfleet_model_trained_timestamp_seconds", "When the live model was trained", labels=("use_case",)
    )
    activated = GaugeMetricFamily(
        "mlfleet_model_activated_timestamp_seconds", "When it became the live one", labels=("use_case",)
    )
    scores = GaugeMetricFamily(
        "mlfleet_last_score", "The live model's last score", labels=("use_case", "set", "metric")
    )
    troubled = GaugeMetricFamily(
        "mlfleet_use_case_degraded",
        "1 if a model with a role cannot serve, otherwise 0",
        labels=("use_case",),
    )
    for model in models:
        troubled.add_metric((model.use_case,), float(model.use_case in degraded))
        deployment = model.deployment
        live.add_metric((model.use_case,), float(deployment is not None))
        if deployment is None:
            continue
        info.add_metric((model.use_case, deployment.model_name, str(deployment.id)), 1)
        for moment, metric in ((deployment.trained_at, trained), (deployment.active_since, activated)):
            if moment is not None:
                metric.add_metric((model.use_case,), moment.timestamp())
        for set_name, values in model.scores.items():
            for name, value in values.items():
                scores.add_metric((model.use_case, set_name, name), value)
    return [live, info, trained, activated, scores, troubled]
