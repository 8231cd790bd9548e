"""The whole way over REST on real records, against a computation of the test's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.model_selection import train_test_split

from tests.integration.fire_brigade.conftest import FireBrigade, running_brigade, settings_of
from tests.integration.fire_brigade.publisher import publishing
from tests.integration.fire_brigade.test_from_records_to_features import Published, computed, real

__all__ = ["real"]  # a fixture

CALLS = ((5.2, "Acton"), (1.25, "Soho"))
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeastSquares:
    """A line through the rows for each station, all of one slope; the solution of least norm."""

    stations: list[str]
    coefficients: Floats

    def predict(self, distances: Sequence[float], stations: Sequence[str]) -> Floats:
        return design(distances, stations, self.stations) @ self.coefficients


def design(distances: Sequence[float], stations: Sequence[str], known: list[str]) -> Floats:
    """A row a call: 1, the distance, and which of the known stations it is."""
    which = [[float(station == name) for name in known] for station in stations]
    return np.column_stack([np.ones(len(distances)), distances, which])


def trained(seconds: Floats, distances: Floats, stations: list[str]) -> LeastSquares:
    known = sorted(set(stations))
    matrix = design(list(distances), stations, known)
    solution = np.linalg.lstsq(matrix, seconds, rcond=None)[0]
    return LeastSquares(known, np.asarray(solution, dtype=np.float64))


def expected(published: Published) -> tuple[dict[str, int], dict[str, float], list[float]]:
    """Counts, scores and predictions, without pandas and without scikit-learn's regression."""
    counts, rows = computed(published)
    seconds = np.array([row[0] for row in rows])
    distances = np.array([row[2] for row in rows])
    names = [row[1] for row in rows]
    training, testing = train_test_split(np.arange(len(rows)), test_size=0.25, random_state=42)
    model = trained(seconds[training], distances[training], [names[row] for row in training])
    errors = seconds[testing] - model.predict(list(distances[testing]), [names[row] for row in testing])
    spread = seconds[testing] - seconds[testing].mean()
    scores = {
        "mse": float((errors**2).mean()),
        "r2_score": float(1 - (errors**2).sum() / (spread**2).sum()),
        "mae": float(np.abs(errors).mean()),
        "max_error": float(np.abs(errors).max()),
    }
    predictions = [float(model.predict([distance], [station])[0]) for distance, station in CALLS]
    return counts, scores, predictions


@pytest.fixture
def fetching(real: Published, tmp_path: Path, database_url: str) -> Iterator[FireBrigade]:
    """A service whose addresses are those of a server on this machine, and whose year is 2023."""
    with publishing(real.folder) as publisher:
        addresses = {
            "url_incident": f"{publisher.url}/incidents.xlsx",
            "url_mobilisation": f"{publisher.url}/mobilisations.xlsx",
        }
        settings = settings_of(tmp_path, **addresses, years="2023", database_url=database_url)
        with running_brigade(tmp_path, settings) as brigade:
            yield brigade


def answer(brigade: FireBrigade, path: str, method: str = "GET") -> dict[str, Any]:
    said = brigade.call(path, method)
    assert said.ok, said.text
    return dict(said.json())


def test_counts_scores_and_predictions_over_rest_are_right(fetching: FireBrigade, real: Published) -> None:
    counts, scores, predictions = expected(real)
    job = fetching.end_of(answer(fetching, "/process_data?incident=true&mobilisation=true")["job_id"])
    assert job["status"] == "succeeded", job
    assert job["result"]["incident"]["rows"] == job["result"]["incident"]["kept"] == counts["incident_rows"]
    assert job["result"]["mobilisation"]["kept"] == counts["mobilisation_rows"]
    assert answer(fetching, "/build_features")["counts"].items() >= counts.items()
    assert answer(fetching, "/train_model", "POST") == pytest.approx(scores, rel=1e-9)
    for (distance, station), seconds in zip(CALLS, predictions, strict=True):
        said = answer(fetching, f"/predict?distance={distance}&station={station}")
        assert said["predicted_attendance_time"] == pytest.approx(seconds, rel=1e-9)
    said = answer(fetching, "/process_data?made_up=true")
    assert fetching.end_of(said["job_id"])["result"] == {"made_up": False}
