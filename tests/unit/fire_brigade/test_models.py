"""Training, evaluating and predicting, on files."""

import io
import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import max_error, mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.repository.model_files import (
    ModelFiles,
    ModelPaths,
    NoModelError,
    SignedModel,
    UnmatchedModelError,
    UntrustedModelError,
)
from fire_brigade.persistence.repository.tables import NoFeaturesError, UnreadableFeaturesError
from fire_brigade.service.models import InvalidDistanceError, UnknownStationError
from fire_brigade.service.training import TooFewRowsError
from tests.fire_brigade_features import STATIONS, make_features
from tests.unit.fire_brigade.conftest import Bench


def expected(features: pd.DataFrame) -> tuple[dict[str, float], LinearRegression, OneHotEncoder]:
    """The same by hand."""
    training, testing = train_test_split(features, test_size=0.25, random_state=42)
    name = ["DeployedFromStation_Name"]
    encoder = OneHotEncoder(handle_unknown="ignore").fit(training[name])

    def matrix(rows: pd.DataFrame) -> np.ndarray:
        return np.hstack([rows[["distance"]].to_numpy(), encoder.transform(rows[name]).toarray()])

    model = LinearRegression().fit(matrix(training), training["AttendanceTimeSeconds"])
    true, found = testing["AttendanceTimeSeconds"], model.predict(matrix(testing))
    scores = {
        "mse": mean_squared_error(true, found),
        "r2_score": r2_score(true, found),
        "mae": mean_absolute_error(true, found),
        "max_error": max_error(true, found),
    }
    return scores, model, encoder


def test_the_scores_are_those_of_an_independent_computation(bench: Bench) -> None:
    scores, _, _ = expected(pd.read_csv(bench.data))
    assert bench.train() == pytest.approx(scores, rel=1e-9)


def test_a_prediction_is_that_of_an_independent_computation(bench: Bench) -> None:
    _, model, encoder = expected(pd.read_csv(bench.data))
    bench.train()
    for distance, station in ((5.2, "Acton"), (1.0, "Soho")):
        names = pd.DataFrame({"DeployedFromStation_Name": [station]})
        by_hand = model.predict(np.hstack([[[distance]], encoder.transform(names).toarray()]))[0]
        assert bench.predict(distance, station) == pytest.approx(by_hand, rel=1e-9)


def test_training_tells_its_metrics(bench: Bench) -> None:
    scores = bench.train()
    features = pd.read_csv(bench.data)
    assert bench.log.metrics.items() >= scores.items()
    assert bench.log.metrics["original_data_size"] > len(features) * 16
    assert bench.log.metrics["processed_data_size"] == 300 * (1 + len(STATIONS)) * 8


def test_training_on_the_same_rows_gives_the_same_scores(bench: Bench) -> None:
    assert bench.train() == bench.train()


def test_training_without_features_says_what_to_call(bench: Bench) -> None:
    bench.data.unlink()
    with pytest.raises(NoFeaturesError) as refused:
        bench.train()
    assert refused.value.status == 409
    assert "GET /build_features" in refused.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "it lacks AttendanceTimeSeconds, DeployedFromStation_Name, distance"),
        ("", "it is no readable CSV file"),
        ("AttendanceTimeSeconds,DeployedFromStation_Name,distance\nsoon,Acton,1\n", "are numbers"),
        ("AttendanceTimeSeconds,DeployedFromStation_Name,distance\n200,Acton,\n", "values are missing"),
        (
            "AttendanceTimeSeconds,DeployedFromStation_Name,distance\n200,Acton,1\n200,Soho,inf\n",
            "distance of row 2 is infinite",
        ),
        (
            "AttendanceTimeSeconds,DeployedFromStation_Name,distance\n1,200,Acton,1\n2,200,Acton,1\n",
            "row 1 has 4 cells, the header 3",
        ),
        (
            "AttendanceTimeSeconds,DeployedFromStation_Name,distance,x\n200,Acton,1,1\n200,Acton,1\n",
            "row 2 has 3 cells, the header 4",
        ),
        (
            "AttendanceTimeSeconds,DeployedFromStation_Name,distance,distance\n200,Acton,1,2\n",
            "its header names 'distance' 2 times",
        ),
        (
            "AttendanceTimeSeconds,DeployedFromStation_Name,distance\n-inf,Acton,1\n",
            "AttendanceTimeSeconds of row 1 is infinite",
        ),
    ],
)
def test_a_file_that_is_none_of_features_is_refused(bench: Bench, text: str, reason: str) -> None:
    bench.data.write_text(text)
    with pytest.raises(UnreadableFeaturesError, match=reason):
        bench.train()


def test_too_few_rows_are_refused(bench: Bench) -> None:
    make_features(7).to_csv(bench.data, index=False)
    with pytest.raises(TooFewRowsError, match="7 rows"):
        bench.train()


def test_a_training_that_fails_leaves_the_model_of_before(bench: Bench) -> None:
    bench.train()
    before = bench.predict()
    bench.data.write_text("broken")
    with pytest.raises(UnreadableFeaturesError):
        bench.train()
    assert bench.predict() == before


def test_without_a_model_it_is_said_what_to_call(bench: Bench) -> None:
    with pytest.raises(NoModelError) as refused:
        bench.predict()
    assert refused.value.status == 409
    assert "POST /train_model" in refused.value.message
    assert bench.log.metrics == {"success": 0}


@pytest.mark.parametrize("distance", [-0.1, float("nan"), float("inf"), 1e6])
def test_a_distance_that_no_call_has_is_refused(bench: Bench, distance: float) -> None:
    bench.train()
    with pytest.raises(InvalidDistanceError) as refused:
        bench.predict(distance)
    assert refused.value.status == 400


def test_an_unknown_station_is_answered_with_close_names(bench: Bench) -> None:
    bench.train()
    with pytest.raises(UnknownStationError) as refused:
        bench.predict(station="barkin")
    assert (refused.value.status, refused.value.message) == (404, "Did you mean Barking?")
    with pytest.raises(UnknownStationError) as refused:
        bench.predict(station="12345")
    assert refused.value.message == "Use the name of a station of the data"


def test_a_prediction_tells_its_metrics(bench: Bench) -> None:
    bench.train()
    seconds = bench.predict()
    told = {"success": 1, "num_features": 1 + len(STATIONS), "prediction_result": seconds}
    assert bench.log.metrics.items() >= told.items()


@pytest.mark.parametrize("part", ["model", "encoder"])
def test_a_file_that_was_changed_is_not_opened(bench: Bench, part: str) -> None:
    bench.train()
    path = getattr(bench.paths, part)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UntrustedModelError, match=f"The file {path.name} does not carry"):
        bench.predict()


def test_a_pickle_of_somebody_elses_is_not_opened(bench: Bench, tmp_path: Path) -> None:
    bench.train()
    mark = tmp_path / "opened"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (mark,)

    buffer = io.BytesIO()
    joblib.dump(Trap(), buffer)
    bench.paths.model.write_bytes(buffer.getvalue())
    with pytest.raises(UntrustedModelError):
        bench.predict()
    assert not mark.exists()


def test_files_of_another_key_are_not_opened(bench: Bench) -> None:
    bench.train()
    bench.files = ModelFiles(b"another key")
    with pytest.raises(UntrustedModelError):
        bench.predict()


def test_the_two_files_cannot_take_each_others_place(bench: Bench) -> None:
    bench.train()
    bench.paths = ModelPaths(bench.paths.encoder, bench.paths.model)
    with pytest.raises(UntrustedModelError):
        bench.predict()


def test_a_model_and_an_encoder_of_two_trainings_do_not_predict(bench: Bench) -> None:
    bench.train()
    old = bench.paths.encoder.read_bytes()
    bench.train()
    bench.paths.encoder.write_bytes(old)
    with pytest.raises(UnmatchedModelError):
        bench.predict()


def test_a_model_that_is_trained_anew_is_used_at_once(bench: Bench) -> None:
    bench.train()
    before = bench.predict()
    features = make_features(seed=7)
    features["AttendanceTimeSeconds"] += 100
    features.to_csv(bench.data, index=False)
    bench.train()
    assert bench.predict() > before + 50


def test_an_evaluation_has_figures_overall_and_by_station_and_pictures(bench: Bench, tmp_path: Path) -> None:
    scores = bench.train()
    folder = tmp_path / "models" / "evaluation"
    found = bench.models.evaluate()
    assert found.rows == 100
    assert found.scores == pytest.approx(scores)
    written = json.loads((folder / "scores.json").read_text())
    assert written == {"rows": 100, **found.scores}
    stations = pd.read_csv(folder / "scores_by_station.csv")
    assert stations["DeployedFromStation_Name"].tolist() == list(STATIONS)
    assert stations["rows"].sum() == 100
    assert np.average(stations["mse"], weights=stations["rows"]) == pytest.approx(found.scores["mse"])
    assert np.average(stations["mae"], weights=stations["rows"]) == pytest.approx(found.scores["mae"])
    assert stations["max_error"].max() == pytest.approx(found.scores["max_error"])
    for name in ("residuals.png", "predicted_against_true.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_what_is_signed_opens_under_any_name(bench: Bench) -> None:
    bench.train()
    signed = SignedModel(bench.paths.model.read_bytes(), bench.paths.encoder.read_bytes())
    assert bench.files.open(signed, ("a", "b")).stations == STATIONS
