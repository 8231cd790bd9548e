"""Made-up features in the form that build_features writes, and the log that the steps are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

STATIONS = ("Acton", "Barking", "Clapham", "Soho")


def make_features(rows: int = 400, seed: int = 42) -> pd.DataFrame:
    """Attendance times that distance and station explain for the most part."""
    random = np.random.default_rng(seed)
    stations = random.choice(STATIONS, rows)
    distances = random.uniform(0.3, 4, rows)
    slowness = {name: 20.0 * number for number, name in enumerate(STATIONS)}
    seconds = 200 + 55 * distances + np.array([slowness[name] for name in stations])
    return pd.DataFrame(
        {
            "AttendanceTimeSeconds": (seconds + random.normal(0, 15, rows)).round(),
            "DeployedFromStation_Name": stations,
            "distance": distances,
        }
    )


def write_features(path: Path, rows: int = 400) -> pd.DataFrame:
    """The same, in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    features = make_features(rows)
    features.to_csv(path, index=False)
    return features


@dataclass
class KeptLog:
    """Keeps what a step tells its log. lines: level and message; metrics: the last value by name."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)

    def _keep(self, level: str, message: str, metrics: Mapping[str, float] | None) -> None:
        self.lines.append((level, message))
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

    def error(
        self,
        message: str,
        *,
        metrics: Mapping[str, float] | None = None,
        metric_types: Sequence[str] | None = None,
    ) -> None:
        self._keep("error", message, metrics)
