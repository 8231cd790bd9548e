"""The stack in containers, for the end-to-end suite and for what only containers do."""

import uuid
from collections.abc import Iterator

import pytest

from tests.compose.guarded import GuardedStack
from tests.compose.stack import ComposeStack, why_no_docker

NO_DOCKER = why_no_docker()


@pytest.fixture(scope="session", autouse=True)
def docker() -> None:
    """Skips, saying why, where no engine answers."""
    if NO_DOCKER:
        pytest.skip(f"containers are not tested here: {NO_DOCKER}")


@pytest.fixture(scope="session")
def guarded(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedStack]:
    """A stack with users, the proxy and what watches it: started when a test first needs it."""
    folder = tmp_path_factory.mktemp("guarded") / "state"
    guarded = GuardedStack(folder, project=f"mlfleet-guarded-{uuid.uuid4().hex[:8]}")
    try:
        guarded.start()
        yield guarded
    finally:
        stopped = guarded.launch("down", "--purge", "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not guarded.containers()


@pytest.fixture(scope="session")
def stack(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """The stack, up for the whole run; nothing of it but its images is left afterwards."""
    folder = tmp_path_factory.mktemp("compose") / "state of the fleet"
    stack = ComposeStack(folder, project=f"mlfleet-test-{uuid.uuid4().hex[:8]}")
    started = stack.launch("up")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stopped = stack.launch("down", "--purge", "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
