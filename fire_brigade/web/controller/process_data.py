"""`/process_data`."""

from typing import Any, Literal

from flask_restful import Resource

from fire_brigade.service.jobs import Jobs, Progress
from fire_brigade.service.steps import Steps
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
        wanted: dict[Literal["incident", "mobilisation"], bool] = {
            "incident": query.incident,
            "mobilisation": query.mobilisation,
        }
        kinds = [kind for kind, asked in wanted.items() if asked] or list(wanted)

        def work(progress: Progress) -> dict[str, Any]:
            convert = query.convert_to_pickle
            if query.made_up:
                return self._steps.make_records_up(kinds, convert=convert, progress=progress)
            return self._steps.process_data(
                kinds, convert=convert, progress=progress, attempts=query.attempts
            )

        job_id = self._jobs.start(work)
        answer = {"status": "success", "message": MESSAGE, "job_id": job_id}
        return answer, 202, {"Location": f"{self._jobs_path}/{job_id}"}
