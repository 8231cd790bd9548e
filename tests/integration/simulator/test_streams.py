"""`POST /root/simulator/stream`: rows arrive live, at their rate, once, and some of their truth later."""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]
from sklearn.datasets import load_wine

from db.jobs import worker as working_parts
from simulator.config.settings import SimulatorSettings
from tests.accounts import KEYS
from tests.running import running_service, running_worker
from tests.streaming import LIVE, ML_MODEL, PATH, Streaming, wait_until
from tests.working import working

FEATURES = load_wine().feature_names


@pytest.mark.usefixtures("worker")
def test_rows_arrive_live_once_and_distributed_as_the_source(streaming: Streaming) -> None:
    streaming.train()
    answer = streaming.stream(rate=2000, rows=1500, seed=5, labels={"share": 1.0})
    assert {**answer, "first_index": 0, "last_index": 0} == {
        "message": "Streamed 1500 rows",
        "use_case": "wine",
        "rows": 1500,
        "in_doubt": 0,
        "labels": 1500,
        "labels_unknown": 0,
        "first_index": 0,
        "last_index": 0,
        "seed": 5,
    }
    assert streaming.arrived() == 1500
    names = [name.replace("/", "__") for name in FEATURES]
    live, source = streaming.live(*names).astype(float), load_wine().data
    assert len(np.unique(np.vstack([live, source]), axis=0)) == len(live) + len(source)
    for column in range(13):
        assert stats.ks_2samp(live[:, column], source[:, column]).pvalue > 0.01, names[column]
    ((agreed,),) = streaming.rows(
        "SELECT avg((p.class = t.class)::int) FROM wine.predictions AS p"
        " JOIN wine.targets AS t USING (sample_index) WHERE sample_index >= 1000000000"
    )
    assert float(str(agreed)) > 0.95, "truths are of their rows"


@pytest.mark.usefixtures("worker")
def test_rows_come_at_their_rate_and_truths_of_a_share_so_much_later(streaming: Streaming) -> None:
    streaming.train()
    begun = time.monotonic()
    job_id = streaming.begin(rate=40, rows=80, labels={"share": 0.25, "delay_s": 3})
    wait_until(lambda: streaming.arrived() > 0)
    first = time.monotonic()
    labelled = f"SELECT count(*) FROM wine.targets JOIN wine.samples USING (sample_index) WHERE {LIVE}"  # noqa: S608
    wait_until(lambda: streaming.rows(labelled) != [(0,)])
    assert time.monotonic() - first > 2
    job = streaming.end(job_id)
    assert (job["status"], job["result"]["rows"], job["result"]["labels"]) == ("succeeded", 80, 20)
    assert streaming.rows(labelled) == [(20,)]
    assert 4.5 < time.monotonic() - begun < 30
    ((seconds,),) = streaming.rows(
        f"SELECT extract(epoch FROM max(created_at) - min(created_at)) FROM wine.samples WHERE {LIVE}"  # noqa: S608
    )
    assert 1.5 < float(str(seconds)) < 4


@pytest.mark.usefixtures("worker")
def test_progress_is_told_and_a_cancelled_stream_sends_nothing_more(streaming: Streaming) -> None:
    streaming.train()
    job_id = streaming.begin(rate=20, rows=100_000)
    wait_until(lambda: streaming.job(job_id)["progress"] > 0)
    told = streaming.job(job_id)["progress"]
    wait_until(lambda: streaming.job(job_id)["progress"] > told, 5)
    assert streaming.client.delete(f"{PATH}/jobs/{job_id}").status_code == 200
    wait_until(lambda: streaming.job(job_id)["status"] == "cancelled", 5)
    time.sleep(1)  # what was answered is stored
    arrived = streaming.arrived()
    time.sleep(1)
    assert streaming.arrived() == arrived > 0


def test_a_stream_is_taken_up_again_where_its_worker_was_killed(
    streaming: Streaming,
    streaming_settings: SimulatorSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streaming.train()
    told = {
        "database_url": streaming_settings.database_address(),
        "ml_model_url": streaming_settings.ml_model_url,
        "sibling_key": KEYS["tracking"],
        "data_dir": str(tmp_path),
    }
    monkeypatch.setattr(working_parts, "HEARTBEAT_S", 0.5)
    monkeypatch.setattr(working_parts, "STALE_S", 3.0)
    monkeypatch.setattr(working_parts, "SWEEP_S", 0.5)
    with running_worker("simulator", tmp_path, **told) as first:
        job_id = streaming.begin(rate=50, rows=400, seed=1, labels={"share": 0.5})
        wait_until(lambda: streaming.arrived() > 20)
        first.kill()
    with working("simulator", streaming_settings):
        job = streaming.end(job_id)
    assert job["status"] == "succeeded", job
    result = job["result"]
    assert job["attempts"] >= 2
    assert result["rows"] + result["in_doubt"] == 400
    assert result["in_doubt"] <= 5, "the batch that was on its way"
    wait_until(lambda: streaming.arrived() >= result["rows"])
    assert streaming.arrived() <= 400
    assert result["labels"] == pytest.approx(200, abs=3)
    values = streaming.live("alcohol", "hue", "proline")
    assert len(np.unique(values.astype(float), axis=0)) == len(values), "none was sent twice"


@pytest.mark.usefixtures("worker")
def test_a_stream_waits_for_ml_model_and_goes_on(
    streaming: Streaming, database_url: str, tmp_path: Path
) -> None:
    streaming.train()
    job_id = streaming.begin(rate=20, rows=100)
    wait_until(lambda: streaming.arrived() > 10)
    port = int(streaming.ml_model.address.rpartition(":")[2])
    streaming.ml_model.kill()
    wait_until(lambda: "waits" in streaming.job(job_id)["detail"])
    with running_service("ml_model", tmp_path, port=port, database_url=database_url, **ML_MODEL):
        job = streaming.end(job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert job["result"]["rows"] + job["result"]["in_doubt"] == 100


@pytest.mark.usefixtures("worker")
def test_labels_are_swapped_and_a_drift_grows(streaming: Streaming) -> None:
    streaming.train()
    everything = {"rate": 5000, "rows": 1000, "labels": {"share": 1.0}, "seed": 8}
    last = streaming.stream(**everything)["last_index"]
    fouling = {"swap_labels": 0.3, "shift": 3.0, "columns": ["alcohol"], "drift": {"from": 0, "to": 1}}
    streaming.stream(**everything, fouling=fouling)
    truths = np.array(
        streaming.rows(
            "SELECT sample_index, class, alcohol FROM wine.targets JOIN wine.samples USING (sample_index)"
            " WHERE origin = 'live' ORDER BY sample_index"
        )
    ).astype(float)
    plain, fouled = truths[truths[:, 0] <= last], truths[truths[:, 0] > last]
    assert (plain[:, 1] != fouled[:, 1]).mean() == pytest.approx(0.15, abs=0.04)
    moved = (fouled - plain)[:, 2]
    assert moved[:100].mean() < 0.2 * moved[-100:].mean()


@pytest.mark.usefixtures("worker")
def test_a_regression_with_categories_and_times_of_day_is_streamed(streaming: Streaming) -> None:
    streaming.train("fire_brigade", "LinearRegression")
    answer = streaming.stream(use_case="fire_brigade", rate=1000, rows=600, labels={"share": 1.0}, seed=2)
    assert (answer["rows"], answer["labels"]) == (600, 600)
    ((count, stations, off),) = streaming.rows(
        "SELECT count(*), count(DISTINCT station), avg(abs(p.class - t.class))"
        " FROM fire_brigade.samples AS s JOIN fire_brigade.targets AS t USING (sample_index)"
        " JOIN fire_brigade.predictions AS p USING (sample_index) WHERE origin = 'live'"
    )
    assert (count, stations) == (600, 4)
    assert float(str(off)) < 40, "truths are of their rows"
