"""Requests that a job answers: waited for or not, with an Idempotency-Key or without. No job is done here."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from flask_restful import Resource
from werkzeug.test import TestResponse

from fleet.jobs import Asked, Job, JobGoesOnError, State, UnknownJobError
from fleet.paging import Page, PageRequest
from fleet.patience import Patience
from fleet.settings import ServiceSettings
from fleet.web.answers import AnswerModel, answers
from fleet.web.app import Route, add_routes, make_app
from fleet.web.idempotency import Answer, idempotent, keep_answers
from fleet.web.jobs import JobAnswer, answer_by_job
from fleet.web.validation import RequestModel, accepts
from tests.integration.fleet.test_idempotency import Memory

PATH = "/root/kettle"


class Boiling(RequestModel):
    """A request."""

    cups: int = 1


class Boiled(AnswerModel):
    """An answer."""

    cups: int


class EndlessJobs:
    """Jobs that go on for longer than anybody waits."""

    def __init__(self) -> None:
        self.submitted: list[Job] = []
        self.requests: list[str] = []

    def submit(self, asked: Asked) -> Job:
        self.requests.append(asked.request)
        self.submitted.append(
            Job(
                id=f"job-{len(self.submitted)}",
                kind=asked.kind,
                status="queued",
                progress=0,
                detail="",
                attempts=0,
                actor=asked.caller.name,
                result=None,
                error=None,
                created_at=datetime.now(UTC),
                started_at=None,
                ended_at=None,
            )
        )
        return self.submitted[-1]

    def wait(self, job_id: str, patience: Patience) -> Job:
        raise JobGoesOnError(job_id)

    def find(self, job_id: str) -> Job:
        raise UnknownJobError(job_id)

    def cancel(self, job_id: str) -> Job:
        raise UnknownJobError(job_id)

    def page(self, state: State | None, asked: PageRequest) -> Page[Job]:
        return Page(self.submitted, None)


class Kettle(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Boils water."""

    def __init__(self, jobs: EndlessJobs) -> None:
        self._jobs = jobs

    @answers(Boiled, status=201)
    @answers(JobAnswer, status=202)
    @accepts(role="user", body=Boiling)
    @idempotent
    def post(self, body: Boiling) -> Answer:
        return answer_by_job(self._jobs, PATH, "boil", {"cups": body.cups}, status=201)


@pytest.fixture
def jobs() -> EndlessJobs:
    return EndlessJobs()


@pytest.fixture
def client(jobs: EndlessJobs) -> FlaskClient:
    app = make_app("kettle", ServiceSettings(port=5999, service_url="/kettle"))
    keep_answers(app, Memory().claim)
    add_routes(app, [Route(Kettle, [""], {"jobs": jobs})], prefixes=[PATH], ready=lambda: None)
    return app.test_client()


def boil(client: FlaskClient, **headers: str) -> TestResponse:
    return client.post(
        PATH, json={}, headers={name.replace("_", "-"): told for name, told in headers.items()}
    )


@pytest.mark.parametrize(
    "preferred",
    [
        "respond-async",
        "Respond-Async",
        "respond-async, wait=10",
        "wait=10,respond-async",
        "respond-async; x=1",
    ],
)
def test_whoever_prefers_not_to_wait_is_given_the_job(client: FlaskClient, preferred: str) -> None:
    answer = boil(client, Prefer=preferred)
    assert (answer.status_code, answer.get_json()["id"]) == (202, "job-0")
    assert answer.headers["Location"] == f"{PATH}/jobs/job-0"
    assert answer.headers["Preference-Applied"] == "respond-async"


@pytest.mark.parametrize("preferred", ["", "wait=10", "respond-asynchronously", "return=minimal"])
def test_others_wait(client: FlaskClient, preferred: str) -> None:
    assert boil(client, Prefer=preferred).status_code == 504


def test_a_key_that_has_begun_a_job_tells_where_it_is(client: FlaskClient, jobs: EndlessJobs) -> None:
    first, again = (boil(client, Prefer="respond-async", Idempotency_Key="k-1") for _ in range(2))
    assert (again.status_code, again.get_json()) == (first.status_code, first.get_json())
    assert again.headers["Idempotent-Replayed"] == "true"
    for name in ("Location", "Preference-Applied"):
        assert again.headers[name] == first.headers[name]
    assert len(jobs.submitted) == 1


def test_a_key_whose_request_took_too_long_begins_no_second_job(
    client: FlaskClient, jobs: EndlessJobs
) -> None:
    assert boil(client, Idempotency_Key="k-1").status_code == 504
    again = boil(client, Idempotency_Key="k-1")
    assert (again.status_code, again.get_json()["id"]) == (202, "job-0")
    assert again.headers["Location"] == f"{PATH}/jobs/job-0"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(jobs.submitted) == 1
