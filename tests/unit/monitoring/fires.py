"""A regression with a category, as monitoring reads it: two sets with predictions."""

import numpy as np
import pandas as pd

from monitoring.service.comparison import Comparison

STATIONS = ("Acton", "Barnet", "Soho", "Woolwich", "Poplar", "Euston", "Bow")


def fires(rows: int, how: str = "same") -> Comparison:
    """how: what has become of current: same, later (slower), elsewhere (other stations), few stations."""
    categories = {"station": STATIONS}
    reference, current = fire_rows(rows, "same", seed=1), fire_rows(rows, how, seed=2)
    return Comparison(reference, current, ("distance", "station"), frozenset({"station"}), categories)


def fire_rows(rows: int, how: str, seed: int) -> pd.DataFrame:
    """Distances and positions of stations, some missing, with seconds and what was predicted of them."""
    random = np.random.default_rng(seed)
    weights = np.arange(1.0, len(STATIONS)) if how != "elsewhere" else np.arange(len(STATIONS) - 1.0, 0, -1)
    station = random.choice(len(STATIONS) - 1, size=rows, p=weights / weights.sum()).astype(float)
    if how == "few stations":
        station %= 2
    distance = random.uniform(0, 4, rows)
    predicted = 200 + 60 * distance
    target = predicted + 20 * (station == 2) + random.normal(0, 30, rows) + 80 * (how == "later")
    distance[::40] = np.nan
    station[::30] = np.nan
    columns = {"distance": distance, "station": station, "target": target, "prediction": predicted}
    return pd.DataFrame(columns)
