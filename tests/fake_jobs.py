"""A service over HTTP that has jobs, as extras/API.md says they answer, and does nothing else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
FOUND = {
    "experiment_id": "1",
    "run_ids": {"SVC": "0123456789abcdef0123456789abcdef"},
    "best_model": "SVC",
}
ENDED = ("succeeded", "failed", "cancelled")


@dataclass
class FakeJobs:
    """What the service has. Each look at a job that runs takes it a step further.

    base: the path that its routes start with. posted: headers and bodies. away: looks that are not answered.
    """

    base: str
    jobs: dict[str, Json] = field(default_factory=dict)
    posted: list[tuple[Json, Json]] = field(default_factory=list)
    away: int = 0
    step: float = 0.5
    address: str = ""

    def add(self, job_id: str, status: str = "queued", **more: Any) -> None:
        about = {"kind": "optimisation", "detail": "", "attempts": 1, "actor": "anonymous"}
        at = {"progress": 0.0, "created_at": "2026-01-31T12:00:05Z"}
        if "error" in more:
            more["error"] = {"status": 400, "code": "x", "message": "…", **more["error"]}
        self.jobs[job_id] = {"id": job_id, "status": status, **about, **at, **more}

    def look(self, job_id: str) -> tuple[int, Json]:
        job = self.jobs.get(job_id)
        if job is None:
            return 404, {"code": "unknown_job", "error": f"There is no job '{job_id}'", "message": "…"}
        if self.away:
            self.away -= 1
            return 503, {"code": "database_away", "error": "PostgreSQL is away", "message": "…"}
        self._work(job)
        return 200, dict(job)

    def listed(self, state: str | None) -> tuple[int, Json]:
        found = [dict(job) for job in self.jobs.values() if state in {None, job["status"]}]
        for job in self.jobs.values():
            self._work(job)
        return 200, {"message": "Jobs retrieved successfully", "data": found, "next_page_token": None}

    def cancel(self, job_id: str) -> tuple[int, Json]:
        if job_id not in self.jobs:
            return self.look(job_id)
        self.jobs[job_id] |= {"status": "cancelled"}
        return 200, dict(self.jobs[job_id])

    def _work(self, job: Json) -> None:
        if job["status"] in ENDED:
            return
        job["progress"] = min(job["progress"] + self.step, 1.0)
        job["status"], job["detail"] = "running", f"{job['progress']:.0%} of the fits [/] [C=1]"
        if job["progress"] >= 1:
            ended = job.get("error") and {"status": "failed"}
            job |= ended or {"status": "succeeded", "result": {"message": "…", "data": FOUND}}


@contextmanager
def fake_jobs(base: str = "") -> Iterator[FakeJobs]:
    """The service, on a free port, until the block ends."""
    fake = FakeJobs(base)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            _, _, job_id = parts.path.partition("/jobs/")
            state = parse_qs(parts.query).get("state", [None])[0]
            self._answer(*(fake.look(job_id) if job_id else fake.listed(state)))

        def do_DELETE(self) -> None:
            self._answer(*fake.cancel(self.path.rpartition("/")[2]))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.posted.append((dict(self.headers), body))
            if self.headers.get("Prefer") == "respond-async":
                fake.add("begun")
                self._answer(202, fake.jobs["begun"], f"{fake.base}/jobs/begun")
            else:
                self._answer(201, {"message": "…", "data": FOUND})

        def _answer(self, status: int, body: Json, location: str = "") -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
