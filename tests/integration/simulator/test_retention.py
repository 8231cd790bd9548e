"""`POST /root/simulator/prune`: what is older than it is to be kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from db.retention import RetentionRepository
from db.sets import lock_set
from db.use_cases import find_use_case
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.conftest import Sessions
from tests.integration.simulator.conftest import Rows

PRUNE = "/root/simulator/prune"
WINE = yaml.safe_load((SimulatorSettings().use_cases_dir / "wine.yml").read_text(encoding="utf-8"))
FILL = """
INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing, run_id)
VALUES ('wine', 'SVC', '{}', 'none', 'run-1');
INSERT INTO activations (deployment_id, use_case, role) SELECT id, 'wine', 'active' FROM deployments;
INSERT INTO wine.samples (dataset_id, sample_index, origin, created_at)
SELECT 3, 1000000000 + n, 'live', now() - n * interval '1 day' FROM generate_series(0, 9) n;
INSERT INTO wine.samples (dataset_id, sample_index, origin, created_at)
SELECT 3, n, 'simulated', now() - interval '1000 days' FROM generate_series(1, 5) n;
INSERT INTO wine.targets (sample_index, target_index, class)
SELECT sample_index, sample_index, 1 FROM wine.samples;
INSERT INTO wine.predictions (sample_index, prediction_index, class, deployment_id)
SELECT sample_index, sample_index, 1, id FROM wine.samples, deployments;
INSERT INTO monitoring_results (use_case, metric, all_passed, result, created_at)
SELECT 'wine', 'summary', false, '{}', now() - n * interval '10 days' FROM generate_series(9, 5, -1) n;
INSERT INTO monitoring_results (use_case, metric, result, created_at)
VALUES ('wine', 'report', '{}', now() - interval '40 days');
INSERT INTO idempotent_answers (service, route, caller, key, digest, status, body, kept_at)
SELECT 's', 'r', 'c', n::text, '', 200, '{}', now() - n * interval '9 hours' FROM generate_series(1, 4) n;
"""

Start = Callable[..., FlaskClient]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Start:
    """Starts the simulator with this retention of wine."""

    def create(**retention: int) -> FlaskClient:
        definition = {**WINE, **({"retention": retention} if retention else {})}
        (tmp_path / "wine.yml").write_text(yaml.safe_dump(definition), encoding="utf-8")
        settings = SimulatorSettings(database_url=SecretStr(database_url), use_cases_dir=tmp_path)
        return create_app(settings).test_client()

    return create


@pytest.fixture
def filled(start: Start, sessions: Sessions) -> None:
    """Live rows of 0 to 9 days, verdicts of 50 to 90, a report of 40; answers of 9 to 36 hours."""
    start()
    with sessions() as session:
        session.execute(text(FILL.replace(":", r"\:")))
        session.commit()


def prune(client: FlaskClient, **fields: Any) -> Any:
    answer = client.post(PRUNE, json=fields)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def due(live_rows: int, results: int) -> list[dict[str, Any]]:
    return [{"use_case": "wine", "live_rows": live_rows, "results": results}]


@pytest.mark.usefixtures("filled")
def test_by_default_everything_is_kept_but_answers_that_nobody_is_given(start: Start, rows: Rows) -> None:
    client = start()
    found = prune(client)
    assert (found["use_cases"], found["answers"], found["dry_run"]) == (due(0, 0), 2, True)
    assert prune(client, dry_run=False)["answers"] == 2
    assert rows("SELECT key FROM idempotent_answers ORDER BY key") == [("1",), ("2",)]
    assert rows("SELECT count(*) FROM samples") == [(15,)]
    assert rows("SELECT count(*) FROM monitoring_results") == [(6,)]


@pytest.mark.usefixtures("filled")
def test_a_dry_run_counts_and_deletes_nothing(start: Start, rows: Rows) -> None:
    client = start(live_rows_days=5, results_days=45)
    assert prune(client)["use_cases"] == prune(client, dry_run=True)["use_cases"] == due(5, 4)
    assert rows("SELECT count(*) FROM samples") == [(15,)]
    assert rows("SELECT count(*) FROM audit_events") == [(0,)]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("batch", [2, 5000])
def test_what_is_due_is_deleted_with_what_hangs_on_it(
    start: Start, rows: Rows, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(RetentionRepository, "batch", batch)
    client = start(live_rows_days=5, results_days=45)
    assert prune(client, dry_run=False)["use_cases"] == due(5, 4)
    assert prune(client)["use_cases"] == due(0, 0)
    assert rows("SELECT count(*) FROM samples") == [(10,)]
    assert rows("SELECT count(*) FROM targets") == rows("SELECT count(*) FROM predictions") == [(10,)]
    assert rows("SELECT count(*) FROM samples WHERE origin = 'simulated'") == [(5,)]
    assert rows("SELECT count(*) FROM deployments") == rows("SELECT count(*) FROM activations") == [(1,)]


@pytest.mark.usefixtures("filled")
def test_the_last_verdict_stays_however_old(start: Start, rows: Rows) -> None:
    prune(start(results_days=1), dry_run=False)
    assert rows("SELECT metric, now()::date - created_at::date FROM monitoring_results") == [("summary", 50)]


@pytest.mark.usefixtures("filled")
def test_rows_that_are_being_predicted_stay_until_that_is_done(
    start: Start, sessions: Sessions, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.database.LOCK_TIMEOUT_S", 1)
    client = start(live_rows_days=5)
    with sessions() as predicting:
        lock_set(predicting, find_use_case(predicting, "wine"), "production", replacing=False)
        assert client.post(PRUNE, json={"dry_run": False}).status_code == 409
        assert rows("SELECT count(*) FROM samples") == [(15,)]
    assert prune(client, dry_run=False)["use_cases"] == due(5, 0)


@pytest.mark.usefixtures("filled")
def test_who_deleted_what_is_written_down(start: Start, rows: Rows) -> None:
    prune(start(live_rows_days=5), dry_run=False)
    written = rows("SELECT action, subject, use_case, actor FROM audit_events ORDER BY id")
    assert written == [
        ("prune", "live_rows", "wine", "anonymous"),
        ("prune", "answers", None, "anonymous"),
    ]


@pytest.mark.usefixtures("filled")
def test_of_one_use_case_only_its_own_goes(start: Start, rows: Rows) -> None:
    client = start(live_rows_days=5)
    found = prune(client, use_case="wine", dry_run=False)
    assert (found["use_cases"], found["answers"]) == (due(5, 0), 0)
    assert rows("SELECT count(*) FROM idempotent_answers") == [(4,)]
    assert client.post(PRUNE, json={"use_case": "tea"}).status_code == 404


@pytest.mark.usefixtures("filled")
def test_runs_that_what_is_live_was_chosen_from_are_named(start: Start) -> None:
    assert prune(start())["live_runs"] == ["run-1"]


@pytest.mark.usefixtures("filled")
def test_how_long_things_are_kept_may_change(start: Start) -> None:
    assert prune(start(live_rows_days=5))["use_cases"] == due(5, 0)
    assert prune(start(live_rows_days=8))["use_cases"] == due(2, 0)
    assert prune(start())["use_cases"] == due(0, 0)
