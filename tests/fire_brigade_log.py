"""A log for steps under test, which keeps what it is told."""

from collections.abc import Mapping, Sequence


class KeptLog:
    """Messages as (level, message), and the last value of every metric."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.metrics: dict[str, float] = {}

    def _keep(self, level: str, message: str, metrics: Mapping[str, float] | None) -> None:
        self.messages.append((level, message))
        self.metrics.update(metrics or {})

    def debug(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("debug", message, metrics)

    def info(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("info", message, metrics)

    def warning(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("warning", message, metrics)

    def error(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("error", message, metrics)

    def critical(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("critical", message, metrics)
