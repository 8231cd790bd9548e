"""`/process_data`."""

from typing import Any

from flask_restful import Resource

from fire_brigade.service.jobs import Jobs, Progress
from fire_brigade.service.steps import KINDS, Steps
from fire_brigade.web.schema import ProcessDataAnswer, ProcessDataQuery
from fleet.web.answers import answers
from fleet.web.credentials import refuse_foreign_pages
from fleet.web.validation import accepts

MESSAGE = "All data jobs submitted successfully"


class ProcessData(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Fetch the published records."""

    def __init__(self, steps: Steps, jobs: Jobs, jobs_path: str) -> None:
        self._steps = steps
        self._jobs = jobs
        self._jobs_path = jobs_path

    @answers(ProcessDataAnswer, status=202, errors=[409, 503])
    @accepts(role="admin", query=ProcessDataQuery)
    def get(self, query: ProcessDataQuery) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Start to fetch, check and filter the records, in the background; one such job at a time."""
        refuse_foreign_pages()
        kinds = [kind for kind in KINDS if getattr(query, kind)] or KINDS

        def work(progress: Progress) -> dict[str, Any]:
            return self._steps.process_data(
                kinds,
                convert=query.convert_to_pickle,
                progress=progress,
                attempts=query.attempts,
                made_up=query.made_up,
            )

        job_id = self._jobs.start(work)
        answer = {"status": "success", "message": MESSAGE, "job_id": job_id}
        return answer, 202, {"Location": f"{self._jobs_path}/{job_id}"}
