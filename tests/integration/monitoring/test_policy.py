"""Policies over HTTP, on a real PostgreSQL and with a real receiver of webhooks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text
from werkzeug.test import TestResponse

from ml_model.web.evaluation_schema import MOST_SAMPLES
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.engine import Engine
from monitoring.service.telling.orders import order_telling
from monitoring.web.app import create_app
from tests.accounts import API_KEYS, USERS, basic
from tests.callers import ALICE
from tests.conftest import Sessions, free_port
from tests.integration.monitoring.conftest import Fleet, Rows
from tests.integration.monitoring.telling.receiver import Receiver, receiving

PATH = "/root/monitoring/policy"
SECRET = "a secret of both sides"  # a test's
HOOK = {"url": "https://hooks.example.com/t0ken?of=ours", "secret": SECRET}


@pytest.fixture(autouse=True)
def _loaded(fleet: Fleet) -> None:
    fleet.load_all()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def trusting(settings: MonitoringSettings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """An app whose webhooks may go to this machine."""
    monkeypatch.setattr(Engine, "start", lambda engine: None)
    return create_app(settings.model_copy(update={"webhooks_allowed": "127.0.0.1"})).test_client()


def body(answer: TestResponse) -> dict[str, Any]:
    return dict(answer.json or {})


def put(client: FlaskClient, status: int = 200, **fields: Any) -> dict[str, Any]:
    answer = client.put(PATH, json={"use_case": "wine", **fields})
    assert answer.status_code == status, answer.text
    return body(answer)


def get(client: FlaskClient, status: int = 200) -> dict[str, Any]:
    answer = client.get(PATH, query_string={"use_case": "wine"})
    assert answer.status_code == status, answer.text
    return body(answer)


def kept_secret(rows: Rows) -> str | None:
    ((secret,),) = rows("SELECT secret FROM policies")
    return None if secret is None else str(secret)


def test_a_use_case_without_a_policy_is_404_and_says_what_makes_one(client: FlaskClient) -> None:
    found = get(client, 404)
    assert (found["code"], "PUT /root/monitoring/policy" in found["message"]) == ("unknown_policy", True)


@pytest.mark.parametrize(("method", "path"), [("get", PATH), ("delete", PATH), ("post", f"{PATH}/test")])
def test_so_is_a_use_case_that_there_is_not(client: FlaskClient, method: str, path: str) -> None:
    told: dict[str, Any] = (
        {"json": {"use_case": "x"}} if method == "post" else {"query_string": {"use_case": "x"}}
    )
    assert body(client.open(path, method=method, **told))["code"] == "unknown_use_case"
    assert client.put(PATH, json={"use_case": "x"}).status_code == 404


def test_what_is_put_is_read_and_what_is_read_can_be_put(client: FlaskClient) -> None:
    answered = put(client, action="retrain", schedule="0 * * * *", cool_down=60, search={"method": "optuna"})
    assert get(client) == answered
    policy = answered["policy"]
    assert (policy["action"], policy["schedule"], policy["window_rows"]) == ("retrain", "0 * * * *", 100)
    assert policy["search"] | {"method": "optuna", "cv": 5} == policy["search"]
    assert (answered["signed"], answered["judged_at"], answered["actor"]) == (False, None, "anonymous")

    again = put(client, **policy)
    assert {**again, "changed_at": ""} == {**answered, "changed_at": ""}


def test_what_is_left_out_of_the_next_has_its_default(client: FlaskClient) -> None:
    put(client, window_rows=500, webhook=HOOK)
    policy = put(client)["policy"]
    assert (policy["window_rows"], policy["webhook"]) == (100, None)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"window_rows": 29}, "'window_rows'"),
        ({"schedule": "every day"}, "'every day' is no schedule"),
        ({"schedule": "* * * * * *"}, "of five fields"),
        ({"action": "promote"}, "'action'"),
        ({"gate": {"share": 0}}, "'gate.share'"),
        ({"gate": {"rows": MOST_SAMPLES // 2 + 1}}, "'gate.rows'"),
        ({"watch_rows": MOST_SAMPLES + 1}, "'watch_rows'"),
        ({"webhook": {"url": "https://a.example", "secret": "short"}}, "'webhook.secret'"),
        ({"webhook": {"url": "ftp://a.example"}}, "'webhook.url'"),
        ({"nonsense": 1}, "'nonsense' is not a field of this request"),
    ],
)
def test_what_is_no_policy_is_refused_by_name(client: FlaskClient, fields: Any, named: str) -> None:
    assert named in put(client, 400, **fields)["error"]
    get(client, 404)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://127.1:5001/", "https://a:b@c.example/"]
)
def test_a_webhook_that_may_not_be_reached_is_refused_when_it_is_put(client: FlaskClient, url: str) -> None:
    assert put(client, 400, webhook={"url": url})["code"] == "unusable_url"
    get(client, 404)


def test_a_secret_is_never_shown_and_stays_with_its_url(client: FlaskClient, rows: Rows) -> None:
    answered = put(client, webhook=HOOK)
    shown = {"url": HOOK["url"], "form": "json"}
    assert (answered["policy"]["webhook"], answered["signed"]) == (shown, True)
    assert SECRET not in json.dumps(get(client))
    assert SECRET not in str(rows("SELECT policy FROM policies"))

    assert put(client, webhook={**shown, "form": "slack"})["signed"]
    assert kept_secret(rows) == SECRET
    assert not put(client, webhook={**shown, "secret": None})["signed"]
    assert kept_secret(rows) is None

    put(client, webhook=HOOK)
    assert not put(client, webhook={"url": "https://others.example.com/"})["signed"]
    assert kept_secret(rows) is None


def test_who_is_no_admin_is_not_shown_the_webhooks_path(
    settings: MonitoringSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "start", lambda engine: None)
    guarded = create_app(settings.model_copy(update={"users": USERS, "api_keys": API_KEYS})).test_client()
    policy = {"webhook": HOOK}
    assert guarded.put(PATH, json=policy, headers=basic("bob")).status_code == 403
    assert body(guarded.put(PATH, json=policy, headers=basic("alice")))["actor"] == "alice"

    def url(name: str) -> str:
        return str(body(guarded.get(PATH, headers=basic(name)))["policy"]["webhook"]["url"])

    assert (url("bob"), url("alice")) == ("https://hooks.example.com/…", HOOK["url"])


def test_only_rows_that_come_in_under_an_enabled_policy_are_judged(
    client: FlaskClient, fleet: Fleet, rows: Rows, sessions: Sessions
) -> None:
    def newest() -> int:
        ((found,),) = rows("SELECT max(sample_id) FROM wine.samples WHERE dataset_id = 3")
        return int(found)

    assert put(client)["judged_until"] == newest()
    before = newest()
    fleet.load("production")
    assert newest() > before
    assert put(client, window_rows=50)["judged_until"] == before, "it goes on where it was"

    put(client, enabled=False)
    fleet.load("production")
    assert put(client)["judged_until"] == newest(), "it was off when these came"
    with MonitoringUnitOfWork(sessions) as work:
        work.policies.judged("wine", newest() + 5)
        work.commit()
    put(client, enabled=False)
    assert put(client)["judged_until"] == newest() + 5, "never back"


def test_a_policy_before_any_row_judges_all(client: FlaskClient, sessions: Sessions) -> None:
    with sessions() as session:
        session.execute(text("DELETE FROM wine.samples"))
        session.commit()
    assert put(client)["judged_until"] == 0


def test_a_policy_can_be_removed(client: FlaskClient) -> None:
    put(client)
    answer = client.delete(PATH, query_string={"use_case": "wine"})
    assert (answer.status_code, body(answer)["message"]) == (200, "The policy of 'wine' was removed")
    get(client, 404)
    assert body(client.delete(PATH))["code"] == "unknown_policy"


def test_what_was_changed_is_in_the_audit(client: FlaskClient, rows: Rows) -> None:
    put(client)
    put(client, 400, webhook={"url": "http://10.0.0.1/"})
    client.delete(PATH)
    found = rows("SELECT action, use_case, subject, actor, service FROM audit_events ORDER BY id")
    said = ("wine", "wine", "anonymous", "monitoring")
    assert found == [("set_policy", *said), ("remove_policy", *said)]


def test_a_test_is_sent_at_once_and_its_answer_told(trusting: FlaskClient, receiver: Receiver) -> None:
    put(trusting, webhook={"url": f"http://127.0.0.1:{receiver.port}/t0ken", "secret": SECRET})
    receiver.status = 204
    answer = trusting.post(f"{PATH}/test", json={"use_case": "wine"})
    said = f"The webhook at http://127.0.0.1:{receiver.port} answered 204"
    assert (answer.status_code, answer.json) == (200, {"message": said, "status": 204})
    (request,) = receiver.requests
    told = json.loads(request.body)
    assert (request.path, told["event"], told["use_case"]) == ("/t0ken", "test", "wine")
    assert "anonymous" in told["sentence"]
    assert "X-MLFleet-Signature" in request.headers


def test_a_test_that_does_not_arrive_is_502_with_the_reason(
    trusting: FlaskClient, receiver: Receiver
) -> None:
    put(trusting, webhook={"url": f"http://127.0.0.1:{receiver.port}/t0ken"})
    for status in (404, 503):
        receiver.status = status
        answer = trusting.post(f"{PATH}/test")
        assert (answer.status_code, body(answer)["code"]) == (502, "webhook_test_failed")
        assert f"answered {status}" in body(answer)["error"]
        assert "t0ken" not in answer.text
    put(trusting, webhook={"url": f"http://127.0.0.1:{free_port()}/"})
    assert trusting.post(f"{PATH}/test").status_code == 502


def test_a_test_goes_nowhere_that_is_not_allowed_any_more(
    trusting: FlaskClient, client: FlaskClient, receiver: Receiver
) -> None:
    put(trusting, webhook={"url": f"http://127.0.0.1:{receiver.port}/"})
    answer = client.post(f"{PATH}/test")
    assert (answer.status_code, receiver.requests) == (502, [])
    assert get(client)["policy"]["webhook"]["url"].startswith("http://127.0.0.1")


def test_without_a_webhook_there_is_nobody_to_test(client: FlaskClient) -> None:
    assert body(client.post(f"{PATH}/test"))["code"] == "unknown_policy"
    put(client)
    answer = client.post(f"{PATH}/test")
    assert (answer.status_code, body(answer)["code"]) == (409, "nobody_to_tell")


def test_while_postgresql_is_away_it_is_503(
    settings: MonitoringSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "start", lambda engine: None)
    nowhere = SecretStr(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/none")
    client = create_app(settings.model_copy(update={"database_url": nowhere})).test_client()
    assert [client.get(PATH).status_code, client.put(PATH, json={}).status_code] == [503, 503]


@pytest.mark.parametrize("mend", ["put", "delete"])
def test_a_policy_of_another_version_is_told_and_can_be_replaced_or_removed(
    client: FlaskClient, sessions: Sessions, mend: str
) -> None:
    put(client, webhook=HOOK)
    with sessions() as session:
        session.execute(text("UPDATE policies SET policy = jsonb_set(policy, '{action}', '\"dance\"')"))
        session.commit()
    assert get(client, 409)["code"] == "unreadable_policy"
    with MonitoringUnitOfWork(sessions) as work:
        assert not order_telling(work, "wine", "verdict", "hue moved", caller=ALICE)
    if mend == "put":
        put(client)
        assert get(client)["policy"]["action"] == "notify"
    else:
        assert client.delete(PATH, query_string={"use_case": "wine"}).status_code == 200
        assert get(client, 404)["code"] == "unknown_policy"
