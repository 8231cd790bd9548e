"""The REST interface, over HTTP."""

import re
from pathlib import Path

import pytest
import requests

from tests.integration.fire_brigade.conftest import FireBrigade, settings_of
from tests.prometheus_text import value
from tests.running import running_service

GUARDED = [
    ("GET", "/process_data"),
    ("GET", "/jobs/1"),
    ("GET", "/build_features"),
    ("POST", "/train_model"),
    ("GET", "/predict?distance=5.2&station=Acton"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
]


def test_credentials_are_asked_for_on_loopback_and_with_auth_off(brigade: FireBrigade) -> None:
    for method, path in GUARDED:
        for auth in (None, ("alice", "wrong"), ("nobody", "x")):
            answer = requests.request(method, brigade.address + path, auth=auth, timeout=10)
            if answer.status_code == 429:
                continue  # so many wrong ones within a minute
            assert answer.status_code == 401, path
            assert answer.json()["message"] == "Invalid credentials"
            assert answer.json()["error"]
            assert "Basic" in answer.headers["WWW-Authenticate"]
            assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_a_user_predicts_and_reads_and_an_admin_does_everything(brigade: FireBrigade) -> None:
    for path, method in (("/process_data", "GET"), ("/build_features", "GET"), ("/train_model", "POST")):
        assert brigade.call(path, method, name="bob").status_code == 403
    assert brigade.call("/train_model", "POST").status_code == 200
    assert brigade.call("/predict?distance=5.2&station=Acton", name="bob").status_code == 200
    assert brigade.call("/jobs/none", name="bob").status_code == 404
    assert brigade.call("/metrics", name="bob").status_code == 200


def test_health_names_what_is_missing_and_asks_nobody(brigade: FireBrigade) -> None:
    first = requests.get(f"{brigade.address}/health", timeout=10)
    assert (first.status_code, first.json()["status"]) == (200, "warning")
    assert "linear_regression_model.pkl" in first.json()["message"]
    assert str(brigade.folder) not in first.text
    brigade.call("/train_model", "POST")
    for name in ("incident_data.csv", "mobilisation_data.csv"):
        (brigade.folder / "data" / name).touch()
    last = requests.get(f"{brigade.address}/health", timeout=10)
    assert last.json() == {"status": "healthy", "message": "All systems operational"}


def test_training_takes_a_body_or_none_and_the_names_of_files(brigade: FireBrigade) -> None:
    without = brigade.call("/train_model", "POST")
    assert without.status_code == 200
    assert without.json().keys() == {"mse", "r2_score", "mae", "max_error"}
    body = {
        "data_path": "./data/global_data.csv",
        "model_path": "models/m.pkl",
        "encoder_path": "models/e.pkl",
    }
    assert brigade.call("/train_model", "POST", json=body).json() == without.json()
    assert {"m.pkl", "e.pkl"} <= {path.name for path in (brigade.folder / "models").iterdir()}


BAD_TRAININGS: list[dict[str, object]] = [
    {"data_path": "/etc/passwd"},
    {"ml_model_path": "/elsewhere/model.pkl"},
    {"model_path": "models/../../model.pkl"},
    {"encoder_path": "data/global_data.csv"},
    {"ml_model_path": "models/a.pkl", "model_path": "models/b.pkl"},
    {"ml_model_path": "models/a.pkl", "encoder_path": "models/a.pkl"},
    {"ml_model_path": "models/onehot_encoder.pkl"},
    {"encoder_path": "models/linear_regression_model.pkl"},
    {"data_path": "models/a.pkl", "ml_model_path": "models/a.pkl"},
    {"data_path": "./models/a.pkl", "encoder_path": "models/a.pkl"},
    {"data_path": 5},
    {"unheard_of": "x"},
]
PREDICTIONS = {
    "distance=-1&station=Acton": 400,
    "distance=far&station=Acton": 400,
    "distance=nan&station=Acton": 400,
    "distance=1e400&station=Acton": 400,
    "station=Acton": 400,
    "distance=1": 400,
    "distance=1&station=": 400,
    "distance=0&station=Acton": 200,
    "distance=1&station=Actonn": 404,
}


def test_a_training_that_names_what_it_may_not_is_refused(brigade: FireBrigade) -> None:
    for body in BAD_TRAININGS:
        answer = brigade.call("/train_model", "POST", json=body)
        assert answer.status_code == 400, (body, answer.text)
    assert not (brigade.folder / "models").exists()


def test_before_its_input_exists_a_step_says_what_to_call(brigade: FireBrigade) -> None:
    predicted = brigade.call("/predict?distance=5.2&station=Acton")
    assert (predicted.status_code, "POST /train_model" in predicted.json()["message"]) == (409, True)
    (brigade.folder / "data" / "global_data.csv").unlink()
    trained = brigade.call("/train_model", "POST")
    assert (trained.status_code, "GET /build_features" in trained.json()["message"]) == (409, True)
    built = brigade.call("/build_features")
    assert built.status_code == 409, built.text


def test_predictions_take_a_distance_and_a_known_station(brigade: FireBrigade) -> None:
    brigade.call("/train_model", "POST")
    for query, status in PREDICTIONS.items():
        answer = brigade.call(f"/predict?{query}")
        assert answer.status_code == status, (query, answer.text)
    assert brigade.call("/predict?distance=1&station=Actonn").json()["message"] == "Did you mean Acton?"


def test_processing_answers_at_once_and_its_job_says_what_went_wrong(brigade: FireBrigade) -> None:
    answer = brigade.call("/process_data?incident=true")
    assert answer.status_code == 202
    assert answer.json()["message"] == "All data jobs submitted successfully"
    assert answer.json()["status"] == "success"
    job_id = answer.json()["job_id"]
    assert answer.headers["Location"] == f"/jobs/{job_id}"
    job = brigade.end_of(job_id)
    assert job["status"] == "failed"
    assert job["error"].keys() >= {"error", "message"}
    assert str(brigade.folder) not in str(job)


def test_jobs_outlive_the_service(brigade: FireBrigade, database_url: str) -> None:
    job_id = brigade.call("/process_data").json()["job_id"]
    job = brigade.end_of(job_id)
    settings = settings_of(brigade.folder, database_url=database_url)
    with running_service("fire_brigade", brigade.folder, **settings) as second:
        other = FireBrigade(brigade.folder, second)
        assert other.call(f"/jobs/{job_id}").json() == job


def test_a_page_of_another_site_cannot_have_a_browser_start_the_work(brigade: FireBrigade) -> None:
    for path in ("/process_data", "/build_features"):
        answer = brigade.call(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert brigade.call("/jobs").json()["data"] == []


def test_requests_are_written_to_the_log_of_the_api_without_what_was_sent(brigade: FireBrigade) -> None:
    brigade.call("/predict?distance=5.2&station=Acton", headers={"X-Request-ID": "request-7"})
    line = brigade.log("api").strip().splitlines()[-1]
    assert re.search(r" - api - WARNING - GET /predict 409 alice request-7$", line)
    assert "Acton" not in line
    everything = "".join(path.read_text() for path in (brigade.folder / "logs").iterdir())
    assert "alice's password" not in everything


def test_metrics_show_the_steps_under_the_references_names(brigade: FireBrigade) -> None:
    scores = brigade.call("/train_model", "POST").json()
    seconds = brigade.call("/predict?distance=5.2&station=Acton").json()["predicted_attendance_time"]
    text = brigade.call("/metrics").text
    for name, score in scores.items():
        assert value(text, f"{name}_train_model") == pytest.approx(score)
    assert value(text, "prediction_result_predict_model") == pytest.approx(seconds)
    assert value(text, "success_predict_model") == 1
    counted = value(text, "info_logs_train_model_total")
    assert counted is not None
    assert counted >= 3


def test_without_any_users_nobody_is_let_in(tmp_path: Path) -> None:
    settings = settings_of(tmp_path) | {"first_users": ""}
    with running_service("fire_brigade", tmp_path, **settings) as service:
        answer = requests.get(f"{service.address}/metrics", auth=("admin", ""), timeout=10)
        assert answer.status_code == 401
        assert requests.get(f"{service.address}/health/ready", timeout=10).status_code == 200
