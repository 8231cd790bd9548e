"""What the steps need from outside of them."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class MetricsLog(Protocol):
    """A log that takes figures along with a message.

    metrics: values by name; the log puts its step's name behind them, `success` in build_features being
    `success_build_features`. metric_types: "Gauge", "Counter" or "Histogram" for each of them, in
    their order; all gauges where it is not given.
    """

    def debug(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        """What only a search for an error needs."""

    def info(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        """What went as it should."""

    def error(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        """What failed."""
