"""`/process_data`."""

from typing import Any

from flask_restful import Resource

from fire_brigade.service.steps import KINDS
from fire_brigade.web.schema import ProcessDataAnswer, ProcessDataQuery
from fleet.jobs import Asked, Jobs
from fleet.web.answers import answers
from fleet.web.credentials import caller, refuse_foreign_pages
from fleet.web.validation import accepts

TASK = "process_data"
MESSAGE = "All data jobs submitted successfully"


class ProcessData(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Fetch the published records."""

    def __init__(self, jobs: Jobs, path: str) -> None:
        self._jobs = jobs
        self._path = path

    @answers(ProcessDataAnswer, status=202, errors=[409, 503])
    @accepts(role="admin", query=ProcessDataQuery)
    def get(self, query: ProcessDataQuery) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Start to fetch, check and filter the records, in the background; one such job at a time."""
        refuse_foreign_pages()
        asked = {
            "kinds": [kind for kind in KINDS if getattr(query, kind)] or KINDS,
            "convert": query.convert_to_pickle,
            "attempts": query.attempts,
            "made_up": query.made_up,
        }
        job = self._jobs.submit(Asked(TASK, asked, caller(), lock=TASK))
        answer = {"status": "success", "message": MESSAGE, "job_id": job.id}
        return answer, 202, {"Location": f"{self._path}/jobs/{job.id}"}
