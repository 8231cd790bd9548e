"""The loop over real services: harm, a verdict, a search, a promotion, a watch; killed, and overruled."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest

from client.answers import Loop
from launcher.local.processes import Processes
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.e2e

NAME, ROWS, PATIENCE_S, POLL_S = "closed_loop", 30, 90.0, 0.2
SEARCH = {
    "models": ["LogisticRegression"],
    "hyperparameters": {"LogisticRegression": {"C": [1.0, 10.0]}},
    "method": "grid",
    "cv": 2,
}
SOURCE = {"kind": "csv", "file": "closed_loop.csv", "target_column": "side"}
FEATURES = [{"name": name, "type": "number"} for name in ("x", "y")]
R = TypeVar("R")


class Played:
    """A use case whose truth is the side that a point lies on, until it is turned round."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.fleet = stack, stack.fleet
        self.random = np.random.default_rng(16)
        definition = {"name": NAME, "task": "classification", "target": "side", "source": SOURCE}
        rows = self.random.normal(size=(200, 2))
        lines = ["x,y,side", *(f"{x:.6f},{y:.6f},{int(x > 0)}" for x, y in rows)]
        self.fleet.simulator.add_use_case({**definition, "features": FEATURES}, "\n".join(lines))
        self.fleet.simulator.load("training", use_case=NAME)
        self.fleet.simulator.load("testing", use_case=NAME)
        self.fleet.ml_model.set_model("LogisticRegression", {"C": 1.0}, use_case=NAME)
        self.champion = self.fleet.ml_model.train(use_case=NAME).deployment_id
        self.fleet.ml_model.score("testing", use_case=NAME)

    def send(self, rows: int) -> None:
        """Points come in with the truth about them, which is the other way round by now."""
        points = self.random.normal(size=(rows, 2))
        records = [{"x": float(x), "y": float(y)} for x, y in points]
        answered = self.fleet.ml_model.predict(records, use_case=NAME)
        truth = [float(x <= 0) for x, _ in points]
        asked = answered.sample_index or []
        while self.fleet.ml_model.feedback(asked, truth, use_case=NAME).unknown:  # they are stored soon
            time.sleep(POLL_S)

    def wait(self, what: str, look: Callable[[], R | None]) -> R:
        end = time.monotonic() + PATIENCE_S
        while (found := look()) is None:
            assert time.monotonic() < end, f"nothing was seen of {what}"
            time.sleep(POLL_S)
        return found

    def begun(self) -> Loop | None:
        found = next(self.fleet.monitoring.loops(use_case=NAME, page_size=1), None)
        return None if found is None else self.fleet.monitoring.loop(found.id)

    def searched(self, loop: Loop) -> bool | None:
        steps = self.fleet.monitoring.loop(loop.id).steps
        return any(step.name == "search" and "job_id" in step.figures for step in steps) or None

    def when(self, loop: Loop, *steps: str) -> Loop:
        """The loop at one of the steps, or ended."""

        def look() -> Loop | None:
            found = self.fleet.monitoring.loop(loop.id)
            return found if found.step in steps or found.outcome is not None else None

        return self.wait(" or ".join(steps) or "its end", look)

    @property
    def live(self) -> int:
        for each in self.fleet.ml_model.deployments(use_case=NAME):
            if any(role.role == "active" and role.until is None for role in each.activations):
                return each.id
        return 0


@pytest.fixture
def played(stack: Stack) -> Iterator[Played]:
    played = Played(stack)
    yield played
    stack.fleet.simulator.remove_use_case(NAME)


def test_harm_is_mended_though_the_worker_is_killed_and_a_person_has_the_last_word(played: Played) -> None:
    monitoring = played.fleet.monitoring
    monitoring.set_policy(
        window_rows=100,
        truth_wait=2.0,
        action="retrain_and_promote",
        cool_down=0,
        search=SEARCH,
        gate={"rows": ROWS},
        watch_rows=ROWS,
        use_case=NAME,
    )
    played.send(100)
    loop = played.wait("a loop", played.begun)
    monitoring.remove_policy(use_case=NAME)
    played.wait("its search", lambda: played.searched(loop))
    _kill_the_worker(played.stack)
    assert played.when(loop, "watch").outcome is None
    played.send(ROWS)
    loop = played.when(loop)
    assert loop.outcome == "kept", loop.reason
    assert played.live == loop.challenger_id
    assert [step.outcome for step in loop.steps if step.name in ("judge", "gate")] == ["act", "promote"]
    replayed = monitoring.loop(loop.id, replay=True).replay
    assert replayed is not None
    assert replayed.same

    second = monitoring.start_loop(use_case=NAME, deployment_id=played.champion)
    assert played.when(second, "watch").outcome is None
    played.fleet.ml_model.rollback(reason="I know better", use_case=NAME)
    ended = played.when(second)
    assert ended.outcome == "superseded", ended.reason
    assert played.live == loop.challenger_id


def _kill_the_worker(stack: Stack) -> None:
    """The supervisor starts another one."""
    worker = Processes(stack.folder / "run", stack.folder / "logs").find("monitoring_worker")
    assert worker is not None
    worker.kill()
