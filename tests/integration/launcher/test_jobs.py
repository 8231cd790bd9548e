"""`./launch.sh jobs`, on two services that have jobs."""

import io
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from client import Fleet
from fleet.services import SERVICES
from launcher import jobs
from launcher.jobs import follow
from tests.fake_jobs import FakeJobs, fake_jobs
from tests.integration.launcher.test_command_line import environment, launch

__all__ = ["environment"]  # a fixture


@pytest.fixture
def fakes() -> Iterator[dict[str, FakeJobs]]:
    paths = {service.name: service.path for service in SERVICES if service.works}
    with ExitStack() as stack:
        yield {name: stack.enter_context(fake_jobs(path)) for name, path in paths.items()}


@pytest.fixture
def told(environment: dict[str, str], fakes: dict[str, FakeJobs]) -> dict[str, str]:
    """The environment of a launcher that has these services."""
    ports = {f"{name.upper()}_PORT": str(urlsplit(fake.address).port) for name, fake in fakes.items()}
    return {**environment, **ports}


def test_the_services_that_work_are_those_whose_jobs_the_client_knows() -> None:
    assert set(Fleet().with_jobs()) == {service.name for service in SERVICES if service.works}


def test_jobs_are_shown_cancelled_and_followed(told: dict[str, str], fakes: dict[str, FakeJobs]) -> None:
    fakes["tracking"].add("a" * 32, "failed", progress=0.25, error={"error": "no memory [/]"})
    fakes["fire_brigade"].add("b" * 32, kind="process_data")
    shown = launch(["jobs"], told)
    assert shown.returncode == 0, shown.stderr
    assert [
        line.split()[:4] for line in shown.stdout.splitlines() if "a" * 32 in line or "b" * 32 in line
    ] == [
        ["tracking", "a" * 32, "optimisation", "failed"],
        ["fire_brigade", "b" * 32, "process_data", "queued"],
    ]
    assert "no memory [/]" in shown.stdout

    one = launch(["jobs", "--service", "tracking"], told)
    assert "b" * 32 not in one.stdout
    assert "There is no service nothing" in launch(["jobs", "--service", "nothing"], told).stderr

    done = launch(["jobs", "cancel", "b" * 32], told)
    assert done.stdout == f"Cancelled, at fire_brigade: {'b' * 32}\n"
    assert fakes["fire_brigade"].jobs["b" * 32]["status"] == "cancelled"
    assert "There is no job" in launch(["jobs", "cancel", "c"], told).stderr

    fakes["tracking"].add("d" * 32)
    followed = launch(["jobs", "--follow"], told).stdout
    assert "tracking optimisation dddddddd: running, 50%" in followed
    assert "tracking optimisation dddddddd: succeeded, 100%" in followed


@pytest.mark.parametrize("terminal", [True, False])
def test_following_ends_when_none_is_at_work(
    fakes: dict[str, FakeJobs], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(jobs, "POLL_S", 0.01)
    fakes["tracking"].add("e" * 32)
    fakes["fire_brigade"].add("f" * 32, error={"error": "the publisher is away"})
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=160)
    with Fleet(**{name: fake.address for name, fake in fakes.items()}) as fleet:  # type: ignore[arg-type]
        follow(fleet.with_jobs(), console)
    assert {job["status"] for fake in fakes.values() for job in fake.jobs.values()} == {"succeeded", "failed"}
    assert "the publisher is away" in written.getvalue()
    assert ("\x1b[" in written.getvalue()) is terminal
