"""`/jobs`."""

from dataclasses import asdict
from typing import Any

from flask_restful import Resource

from fire_brigade.service.jobs import Jobs
from fire_brigade.web.schema import JobAnswer
from fleet.web.answers import answers
from fleet.web.validation import NoArguments, accepts


class Job(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read how a job is."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    @answers(JobAnswer, errors=[404])
    @accepts(role="user", query=NoArguments)
    def get(self, job_id: str, query: NoArguments) -> dict[str, Any]:
        """Read how far a job is, and what came of it; jobs outlive the service."""
        found = asdict(self._jobs.find(job_id))
        return {name: value for name, value in found.items() if value is not None}
