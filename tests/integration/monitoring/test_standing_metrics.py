"""What Prometheus is told of verdicts, loops, rows without a verdict, and webhooks: read from PostgreSQL."""

import json
import re
from datetime import timedelta
from typing import Any, get_args

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text

from db.jobs.row import JobRow
from db.loop import LoopRow, VerdictRow
from monitoring.config.settings import MonitoringSettings
from monitoring.persistence.model.loop import Outcome
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.standing import read_standing
from monitoring.web.app import create_app
from tests.architecture.project import PROJECT
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet
from tests.prometheus_text import names, read_samples, value

VERDICT, P = "mlfleet_monitoring_verdict", "mlfleet_monitoring_verdict_p"
LOOPS, UNJUDGED = "mlfleet_monitoring_loops_total", "mlfleet_monitoring_oldest_unjudged_seconds"
WEBHOOKS = "mlfleet_monitoring_webhooks"


class World:
    """Wine, and what is written about it."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def add(self, *rows: Any) -> None:
        with self.sessions() as session:
            session.add_all(rows)
            session.commit()

    def decide(self, verdict: str, *, use_case: str = "wine", **p: float | None) -> None:
        kinds = ("drift", "pooled_drift", "harm", "pooled_harm")
        figures = {"rows": 36, **{kind: {"p": p.get(kind), "tests": []} for kind in kinds}}
        about = {"sentence": "why", "evidence": "auto", "reference": {}, "first_id": 1, "last_id": 36}
        counted = {"rows": 36, "labelled": 0, "actor": "alice", "figures": figures}
        self.add(VerdictRow(use_case=use_case, verdict=verdict, **about, **counted))

    def end(self, *outcomes: str | None) -> None:
        for outcome in outcomes:
            ended = None if outcome is None else text("now()")
            self.add(
                LoopRow(use_case="wine", policy={}, step="clear", outcome=outcome, ended_at=ended, actor="a")
            )

    def put(self, *, judged_until: int = 0, **policy: Any) -> None:
        with MonitoringUnitOfWork(self.sessions) as work:
            work.policies.put("wine", Policy(**policy), judged_until=judged_until, actor="alice")
            work.commit()

    def age(self, age: timedelta, first: int) -> int:
        """Make so many rows of production that old; sample_id of the last of them."""
        chosen = "SELECT sample_id FROM wine.samples WHERE dataset_id = 3 ORDER BY sample_id LIMIT :first"
        with self.sessions() as session:
            aged = session.execute(
                text(
                    "UPDATE wine.samples SET created_at = now() - CAST(:age AS interval)"  # noqa: S608  # constants
                    f" WHERE sample_id IN ({chosen}) RETURNING sample_id"
                ),
                {"age": age, "first": first},
            )
            last = max(aged.scalars())
            session.commit()
        return int(last)

    def tell(self, state: str, code: str | None = None, *, kind: str = "tell", days: float = 0) -> None:
        error = None if code is None else {"code": code}
        about = {"service": "monitoring", "caller": {}, "lock": "", "limit_s": 1.0, "arguments": {}}
        job = JobRow(id=f"{id(self)}{state}{code}{kind}{days}", kind=kind, state=state, error=error, **about)
        job.created_at = text(f"now() - interval '{days} days'")  # type: ignore[assignment]  # SQL
        self.add(job)


@pytest.fixture
def world(fleet: Fleet, sessions: Sessions) -> World:
    fleet.load("production")
    return World(sessions)


def scrape(client: FlaskClient) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "mlfleet_scrape_error", service="monitoring") == 0
    return answer.text


def test_before_anything_has_happened_loops_and_webhooks_are_0(client: FlaskClient, world: World) -> None:
    told = scrape(client)
    assert not names(told) & {VERDICT, P, UNJUDGED}
    assert [value(told, LOOPS, use_case="wine", outcome=each) for each in get_args(Outcome)] == [0] * 7
    results = ("delivered", "waiting", "refused", "given_up", "failed")
    assert [value(told, WEBHOOKS, result=each) for each in results] == [0] * 5


@pytest.mark.parametrize(
    ("verdict", "number"), [("steady", 0), ("warning", 1), ("act", 2), ("insufficient", -1)]
)
def test_the_last_verdict_is_told_with_the_p_that_it_has(
    client: FlaskClient, world: World, verdict: str, number: int
) -> None:
    world.decide("act" if verdict != "act" else "steady", drift=0.5, harm=0.5)
    world.decide(verdict, drift=3e-9, pooled_drift=1.0)
    told = scrape(client)
    assert value(told, VERDICT, use_case="wine") == number
    assert value(told, P, use_case="wine", evidence="drift") == 3e-9
    assert value(told, P, use_case="wine", evidence="pooled_drift") == 1
    assert value(told, P, use_case="wine", evidence="harm") is None


def test_loops_are_counted_by_their_end_and_those_under_way_are_not(
    client: FlaskClient, world: World
) -> None:
    world.end("kept", "rolled_back", "kept", None)
    told = scrape(client)
    counts = {each: value(told, LOOPS, use_case="wine", outcome=each) for each in get_args(Outcome)}
    assert counts == {**dict.fromkeys(get_args(Outcome), 0), "kept": 2, "rolled_back": 1}


def test_the_oldest_row_that_waits_is_told_of_enabled_policies(client: FlaskClient, world: World) -> None:
    oldest = world.age(timedelta(days=2), 3)
    world.age(timedelta(days=3), 1)

    def waited() -> float | None:
        return value(scrape(client), UNJUDGED, use_case="wine")

    world.put()
    assert waited() == pytest.approx(3 * 86_400, abs=60)
    world.put(judged_until=oldest - 1)
    assert waited() == pytest.approx(2 * 86_400, abs=60)
    world.put(judged_until=oldest)
    assert waited() == pytest.approx(0, abs=60)
    world.put(judged_until=10**9)
    assert waited() == 0
    world.put(enabled=False)
    assert waited() is None


def test_a_row_that_waits_for_its_truth_or_for_its_hour_is_not_late(
    client: FlaskClient, world: World
) -> None:
    def waited() -> float | None:
        return value(scrape(client), UNJUDGED, use_case="wine")

    world.age(timedelta(days=3), 1)
    world.put(truth_wait=86_400)
    assert waited() == pytest.approx(2 * 86_400, abs=60)
    world.put(truth_wait=4 * 86_400)
    assert waited() == 0
    world.put(schedule="* * * * *")
    with world.sessions() as session:
        session.execute(text("UPDATE policies SET changed_at = now() - interval '2 hours'"))
        session.commit()
    assert waited() == pytest.approx(2 * 3600, abs=90)
    world.put(schedule="0 0 29 2 *")  # no such day is near
    assert waited() == 0


def test_webhooks_of_the_last_day_are_told_by_what_became_of_them(client: FlaskClient, world: World) -> None:
    world.tell("succeeded")
    world.tell("succeeded", days=0.9)
    world.tell("succeeded", days=1.1)
    world.tell("succeeded", kind="loop")
    world.tell("running")
    world.tell("queued")
    world.tell("failed", "webhook_refused")
    world.tell("failed", "unusable_url")
    world.tell("failed", "webhook_given_up")
    world.tell("failed", "job_out_of_time")
    world.tell("cancelled")
    told = scrape(client)
    results = ("delivered", "waiting", "refused", "given_up", "failed")
    assert [value(told, WEBHOOKS, result=each) for each in results] == [2, 2, 2, 1, 1]


def test_it_is_the_same_after_a_restart(
    client: FlaskClient, world: World, settings: MonitoringSettings
) -> None:
    world.decide("warning", drift=0.01)
    world.end("failed")
    world.tell("succeeded")

    def ours(told: str) -> dict[Any, float]:
        return {of: each for of, each in read_samples(told).items() if of[0].startswith("mlfleet_monitoring")}

    before = ours(scrape(client))
    assert len(before) == 1 + 1 + 7 + 5
    assert ours(scrape(create_app(settings).test_client())) == before


def test_the_alerts_ask_for_what_is_exported(client: FlaskClient, world: World) -> None:
    world.decide("act", drift=0.0)
    world.put()
    rules = (PROJECT / "extras" / "observability" / "alerts.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bmlfleet_monitoring_\w+", rules))
    assert {VERDICT, LOOPS, UNJUDGED, WEBHOOKS} == asked
    exported = read_samples(scrape(client))
    assert asked <= {name for name, _ in exported}
    labelled = re.findall(r'(mlfleet_monitoring_\w+)\{(\w+)=~?"([\w|]+)"', rules)
    assert len(labelled) == 3
    for name, label, wanted in labelled:
        known = {dict(labels)[label] for each, labels in exported if each == name}
        assert set(wanted.split("|")) <= known, name


def test_a_scrape_takes_few_queries_however_many_verdicts_there_are(world: World, sessions: Sessions) -> None:
    for _ in range(20):
        world.decide("steady", drift=0.5)
    world.put()
    with MonitoringUnitOfWork(sessions) as work:
        asked: list[str] = []
        event.listen(work.session.get_bind(), "before_cursor_execute", lambda *told: asked.append(told[2]))
        standing = read_standing(work)
    assert [decision.verdict for decision in standing.decisions] == ["steady"]
    assert len(asked) <= 10, json.dumps(asked, indent=1)
