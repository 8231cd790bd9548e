"""A log for steps under test, which keeps what it is told."""

import logging
from collections.abc import Mapping, Sequence
from functools import partialmethod

from fire_brigade.persistence.repository.log_files import MetricsLogger
from fire_brigade.persistence.repository.pushgateway import Pushgateway


class KeptLog(MetricsLogger):
    """Messages as (level, message), and the last value of every metric by the name that the step gives it."""

    def __init__(self) -> None:
        super().__init__("step", logging.Logger("step"), Pushgateway(None))
        self.messages: list[tuple[str, str]] = []
        self.metrics: dict[str, float] = {}

    def _keep(
        self,
        level: str,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: str | Sequence[str] | None = None,
    ) -> None:
        self._log(level, message, metrics=metrics, metric_types=metric_types)
        self.messages.append((level, message))
        self.metrics.update(metrics or {})

    debug = partialmethod(_keep, "debug")
    info = partialmethod(_keep, "info")
    warning = partialmethod(_keep, "warning")
    error = partialmethod(_keep, "error")
    critical = partialmethod(_keep, "critical")
