"""Rows as the fire brigade's features have them, made up: a regression with a category."""

from pathlib import Path

import numpy as np

HEADER = "AttendanceTimeSeconds,DeployedFromStation_Name,distance,CallTime"
STATIONS = ("Acton", "Barnet", "Soho", "Woolwich")


def fires_csv(rows: int = 400) -> str:
    """The further the later, and one of four stations is slow."""
    random = np.random.default_rng(0)
    distance, station = random.uniform(0.2, 4, rows), random.integers(0, len(STATIONS), rows)
    seconds = 200 + 60 * distance + 60 * (station == 2) + random.normal(0, 20, rows)
    minutes = random.permutation(rows)
    calls = np.datetime64("2023-01-01T00:00:00") + minutes * np.timedelta64(1, "m")
    lines = [
        f"{late:.1f},{STATIONS[at]},{far:.4f},{call}"
        for late, at, far, call in zip(seconds, station, distance, calls, strict=True)
    ]
    return "\n".join([HEADER, *lines])


def write_fires(folder: Path, rows: int = 400) -> None:
    """Put them where the simulator finds them."""
    (folder / "global_data.csv").write_text(fires_csv(rows), encoding="utf-8")
