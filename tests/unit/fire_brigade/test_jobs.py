"""Work in the background, and how it is told of."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fire_brigade.persistence.model.job import AT_WORK, Job
from fire_brigade.persistence.repository.job_files import MOST_KEPT, JobFiles
from fire_brigade.service.jobs import JobAtWorkError, Jobs, Progress, UnknownJobError
from fleet.errors import BugError, ConflictError
from tests.architecture.project import PROJECT

# Another process that works on a job until it is killed.
WORKER = """
import sys, time
from pathlib import Path
from fire_brigade.persistence.repository.job_files import JobFiles
from fire_brigade.service.jobs import Jobs
def work(progress):
    progress(0.4, "downloading")
    time.sleep(600)
print(Jobs(JobFiles(Path(sys.argv[1]))).start(work), flush=True)
time.sleep(600)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(JobFiles(tmp_path / "jobs"))


def end_of(jobs: Jobs, job_id: str) -> Job:
    deadline = time.monotonic() + 10
    while (job := jobs.find(job_id)).status in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return job


def test_a_job_tells_how_far_it_is_and_what_came_of_it(jobs: Jobs) -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> dict[str, object]:
        progress(0.4, "halfway, nearly")
        go_on.wait(10)
        return {"rows": 3}

    job_id = jobs.start(work)
    while jobs.find(job_id).progress != 0.4:
        time.sleep(0.01)
    assert jobs.find(job_id) == Job(job_id, "running", 0.4, "halfway, nearly")
    go_on.set()
    assert end_of(jobs, job_id) == Job(job_id, "succeeded", 1.0, "done", {"rows": 3})


def test_a_job_that_fails_says_why(jobs: Jobs) -> None:
    def refuse(progress: Progress) -> dict[str, object]:
        raise ConflictError("There is nothing", "Do something")

    def stumble(progress: Progress) -> dict[str, object]:
        raise ZeroDivisionError("a secret")

    refused = end_of(jobs, jobs.start(refuse))
    assert (refused.status, refused.error) == (
        "failed",
        {"code": "conflict", "error": "There is nothing", "message": "Do something"},
    )
    deadline = time.monotonic() + 10
    while True:
        try:
            stumbled = end_of(jobs, jobs.start(stumble))
            break
        except JobAtWorkError:  # the one before has written its end, and is about to let go
            assert time.monotonic() < deadline
    assert stumbled.status == "failed"
    assert "secret" not in json.dumps(stumbled.error)


def test_there_is_one_job_at_a_time(jobs: Jobs) -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> dict[str, object]:
        go_on.wait(10)
        return {}

    job_id = jobs.start(work)
    with pytest.raises(JobAtWorkError, match=job_id) as refused:
        jobs.start(work)
    assert refused.value.status == 409
    assert f"GET /jobs/{job_id}" in refused.value.message
    go_on.set()
    end_of(jobs, job_id)


def test_another_process_knows_the_job_and_reads_its_death(jobs: Jobs, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path / "jobs")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        job_id = worker.stdout.readline().strip()
        deadline = time.monotonic() + 10
        while jobs.find(job_id).progress != 0.4:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(JobAtWorkError):
            jobs.start(lambda progress: {})
        worker.kill()
    found = jobs.find(job_id)
    assert (found.status, found.progress, found.detail) == ("failed", 0.4, "downloading")
    assert found.error is not None
    assert found.error["error"] == "the service stopped"
    assert end_of(jobs, jobs.start(lambda progress: {})).status == "succeeded"


def test_a_job_that_died_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    jobs = Jobs(files)
    dead = [Job(f"{number:032x}", status) for number, status in enumerate(AT_WORK)]
    for job in dead:
        files.write(job)
    go_on = threading.Event()

    def work(progress: Progress) -> dict[str, object]:
        go_on.wait(10)
        return {}

    job_id = jobs.start(work)
    assert [jobs.find(job.id).status for job in dead] == ["failed", "failed"]
    assert files.at_work() == job_id
    with pytest.raises(JobAtWorkError, match=job_id):
        jobs.start(work)
    go_on.set()
    assert end_of(jobs, job_id).status == "succeeded"


def test_what_a_killed_service_left_half_written_is_removed(tmp_path: Path) -> None:
    jobs = Jobs(JobFiles(tmp_path))
    leftover = tmp_path / f".{'0' * 32}.json.part-killed"
    leftover.write_text("{", encoding="utf-8")
    end_of(jobs, jobs.start(lambda progress: {}))
    assert not leftover.exists()


def test_a_job_that_ends_in_what_is_no_exception_is_told_as_failed(jobs: Jobs) -> None:
    class Panic(BaseException):
        """As pyo3's."""

    def panic(progress: Progress) -> dict[str, object]:
        raise Panic

    failed = end_of(jobs, jobs.start(panic))
    assert (failed.status, failed.error) == ("failed", BugError().body())


@pytest.mark.parametrize("job_id", ["none", "../secrets", "0" * 32, ""])
def test_an_unknown_job_is_not_found(jobs: Jobs, job_id: str) -> None:
    with pytest.raises(UnknownJobError) as refused:
        jobs.find(job_id)
    assert refused.value.status == 404


def test_only_the_newest_jobs_are_kept(tmp_path: Path) -> None:
    files = JobFiles(tmp_path)
    for number in range(MOST_KEPT + 5):
        files.write(Job(f"{number:032x}", "succeeded"))
    files.forget_old()
    assert len(list(tmp_path.glob("*.json"))) == MOST_KEPT
    assert files.read(f"{MOST_KEPT + 4:032x}") is not None


@pytest.mark.parametrize("damage", [b"", b"\xff\x00", b"[1", b"{}", b'{"id": 1, "unheard_of": 2}'])
def test_a_damaged_file_of_a_job_stops_no_other(jobs: Jobs, tmp_path: Path, damage: bytes) -> None:
    first = jobs.start(lambda progress: {})
    end_of(jobs, first)
    (tmp_path / "jobs" / f"{first}.json").write_bytes(damage)
    with pytest.raises(UnknownJobError):
        jobs.find(first)
    assert end_of(jobs, jobs.start(lambda progress: {})).status == "succeeded"
