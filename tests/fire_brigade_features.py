"""Made-up features in the form that build_features writes."""

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
