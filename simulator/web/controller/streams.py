"""`/root/simulator/stream`."""

import secrets
from dataclasses import asdict

from flask_restful import Resource

from fleet.jobs import Jobs
from fleet.web.answers import answers
from fleet.web.heavy import heavy
from fleet.web.idempotency import Answer, idempotent
from fleet.web.jobs import JobAnswer, answer_by_job
from fleet.web.validation import accepts
from simulator.service.stream_rows import Labels, Stream
from simulator.service.streaming import StreamService
from simulator.web.schema import StreamAnswer, StreamRequest


class Streams(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Play live traffic."""

    def __init__(self, streams: StreamService, jobs: Jobs, path: str) -> None:
        self._streams = streams
        self._jobs = jobs
        self._path = path

    @answers(StreamAnswer)
    @answers(JobAnswer, status=202, errors=[404, 409, 429, 502, 503, 504])
    @accepts(role="admin", body=StreamRequest)
    @idempotent
    def post(self, body: StreamRequest) -> Answer:
        """Send rows like the use case's own to ml_model, at a rate, and the truth about some of them later.

        A stream is a job: it goes on when its client goes away.
        """
        stream = _stream(body)
        heavy(self._streams.check)(stream)
        return answer_by_job(self._jobs, self._path, "stream", asdict(stream))


def _stream(body: StreamRequest) -> Stream:
    labels = Labels() if body.labels is None else Labels(body.labels.share, body.labels.delay_s)
    return Stream(
        use_case=body.use_case,
        rate=body.rate,
        rows=body.rows,
        # Rows that were sent before would be taken for replayed ones.
        seed=secrets.randbits(32) if body.seed is None else body.seed,
        fouling="none" if body.fouling is None else body.fouling.asked(),
        labels=labels,
    )
