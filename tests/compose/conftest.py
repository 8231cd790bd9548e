"""The stack in containers, for the end-to-end suite and for what only containers do."""

import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compose.guarded import GuardedStack
from tests.compose.stack import ComposeStack, why_no_docker

NO_DOCKER = why_no_docker()
FOLDER = Path(__file__).parent
RUNNING = ExitStack()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Takes the stacks down after this folder's last test: the others want the processors for themselves."""
    if nextitem is None or FOLDER not in nextitem.path.parents:
        RUNNING.close()


@pytest.fixture(scope="session", autouse=True)
def docker() -> None:
    """Skips, saying why, where no engine answers."""
    if NO_DOCKER:
        pytest.skip(f"containers are not tested here: {NO_DOCKER}")


@pytest.fixture(scope="session")
def guarded(docker: None, tmp_path_factory: pytest.TempPathFactory) -> GuardedStack:
    """A stack with users, the proxy and what watches it: started when a test first needs it."""
    folder = tmp_path_factory.mktemp("guarded") / "state"
    guarded = GuardedStack(folder, project=f"mlfleet-guarded-{uuid.uuid4().hex[:8]}")
    RUNNING.callback(take_down, guarded)
    guarded.start()
    return guarded


@pytest.fixture(scope="session")
def long_demos() -> int:
    """Once will do: that they may be repeated is seen where there are no containers."""
    return 1


@pytest.fixture(scope="session")
def stack(docker: None, tmp_path_factory: pytest.TempPathFactory) -> ComposeStack:
    """The stack of most tests here, up until the last of them; nothing but its images is left then."""
    folder = tmp_path_factory.mktemp("compose") / "state of the fleet"
    stack = ComposeStack(folder, project=f"mlfleet-test-{uuid.uuid4().hex[:8]}")
    RUNNING.callback(take_down, stack)
    started = stack.launch("up")
    assert started.returncode == 0, started.stdout + started.stderr
    return stack


def take_down(stack: ComposeStack) -> None:
    """Ends the stack, and checks that nothing of it is left."""
    stopped = stack.launch("down", "--purge", "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert not stack.containers()
