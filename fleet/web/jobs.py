"""Long work over REST: asked for, waited for or not, looked at and cancelled."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import request
from flask_restful import Resource
from werkzeug.http import parse_list_header

from fleet.jobs import Asked, Job, JobCancelledError, JobFailedError, JobGoesOnError, Jobs, State
from fleet.web.answers import AnswerModel, answers, examples
from fleet.web.app import Route
from fleet.web.credentials import caller
from fleet.web.heavy import waiting
from fleet.web.idempotency import digest_of_request
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import NoArguments, accepts

ASYNCHRONOUS = "respond-async"  # RFC 7240
ACCEPTED = 202

Accepted = tuple[dict[str, Any], int, dict[str, str]]


class JobError(AnswerModel):
    """As the request is answered that has waited for the job. status: the HTTP status of that answer."""

    status: int
    code: str
    error: str
    message: str


class JobAnswer(AnswerModel):
    """How a job is. progress: from 0 to 1. detail: what is being done. actor: who asked for it.

    attempts: how often it was begun. result: what the request is answered that has waited for it.
    """

    model_config = examples(
        {
            "id": "5f0c2c1e3f6d4c0f9d3a5b6e8a1f2b3c",
            "kind": "optimisation",
            "status": "running",
            "progress": 0.4,
            "detail": "RandomForest: 24 of 40 fits",
            "attempts": 1,
            "actor": "anonymous",
            "created_at": "2026-01-31T12:00:05Z",
            "started_at": "2026-01-31T12:00:05Z",
        }
    )

    id: str
    kind: str
    status: State
    progress: float
    detail: str
    attempts: int
    actor: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: dict[str, Any] | None = None
    error: JobError | None = None


class JobsAnswer(PageAnswer):
    """A page of jobs, the newest first."""

    message: str
    data: list[JobAnswer]


class JobsQuery(PageQuery):
    """state: of the jobs that are listed; without it they all are."""

    state: State | None = None


class JobList(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    @answers(JobsAnswer, errors=[503])
    @accepts(role="user", query=JobsQuery)
    def get(self, query: JobsQuery) -> dict[str, Any]:
        """List the service's jobs, the newest first."""
        page = self._jobs.page(query.state, query.page)
        return {
            "message": "Jobs retrieved successfully",
            "data": [shown(job) for job in page.items],
            "next_page_token": page.next_token,
        }


class OneJob(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read how a job is; cancel it."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    @answers(JobAnswer, errors=[404, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, job_id: str, query: NoArguments) -> dict[str, Any]:
        """Read how far a job is, and what came of it."""
        return shown(self._jobs.find(job_id))

    @answers(JobAnswer, errors=[404, 409, 503])
    @accepts(role="admin", query=NoArguments)
    def delete(self, job_id: str, query: NoArguments) -> dict[str, Any]:
        """Cancel a job; what it does ends within seconds."""
        return shown(self._jobs.cancel(job_id))


def job_routes(jobs: Jobs) -> list[Route]:
    """What every service with jobs has."""
    return [
        Route(JobList, ["/jobs"], {"jobs": jobs}),
        Route(OneJob, ["/jobs/<string:job_id>"], {"jobs": jobs}),
    ]


def shown(job: Job) -> dict[str, Any]:
    """A job for JSON; what there is not, is left out."""
    values = {name: value for name, value in asdict(job).items() if value is not None}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def answer_by_job(  # noqa: PLR0913  # what a job is asked with, and how its result is answered
    jobs: Jobs,
    path: str,
    kind: str,
    arguments: Mapping[str, Any],
    *,
    status: int = 200,
    lock: str = "",
) -> Accepted:
    """Have a job done. Its result is the answer; with `Prefer: respond-async` the job is, at once.

    path: of the service's routes. status: of the answer. A client that goes away leaves the job at work.
    Raises JobAtWorkError, TooMuchWorkError, JobGoesOnError, JobCancelledError, and the job's own error.
    """
    asked = Asked(kind, arguments, caller(), lock, digest_of_request())
    if ASYNCHRONOUS in _preferences():
        body, accepted, where = _accepted(jobs.submit(asked), path)
        return body, accepted, {**where, "Preference-Applied": ASYNCHRONOUS}
    with waiting() as patience:
        job = jobs.submit(asked)
        try:
            job = jobs.wait(job.id, patience)
        except JobGoesOnError as error:
            error.accepted = _accepted(job, path)
            raise
    if job.status == "cancelled":
        raise JobCancelledError
    if job.error is not None:
        raise JobFailedError(job.error)
    return job.result or {}, status, {}


def _preferences() -> set[str]:
    """Without their parameters."""
    told = parse_list_header(request.headers.get("Prefer", "").lower())
    return {each.partition(";")[0].strip() for each in told}


def _accepted(job: Job, path: str) -> Accepted:
    return shown(job), ACCEPTED, {"Location": f"{path}/jobs/{job.id}"}
