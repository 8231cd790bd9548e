"""`./launch.sh rehearse`: plays four acts on a use case, and tells what the loop made of each."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import TypeVar

from rich.box import SIMPLE
from rich.table import Table

from client import Fleet, NotFoundError
from client.answers import Deployment, ListedVerdict, Loop
from client.simulator import Fouling, Labels
from fleet.errors import FleetError
from launcher.calling import calls_told
from launcher.loops import end_loop
from launcher.scenes import Scene

RATE, WINDOW_ROWS, GATE_ROWS, WATCH_ROWS = 100, 100, 100, 60
TRUTH_WAIT_S = 2.0  # that a window waits for its truth: longer than a stream takes to tell it
PATIENCE_S, POLL_S = 90.0, 0.25
SEED = 16
MOST_VERDICTS = 20
ALL = (1, 2, 3, 4)
TOLD = ("gate", "promote")  # steps whose reasons are shown

R = TypeVar("R")
Progress = Callable[[str], None]
Rows = tuple[int, int]
"""sample_index of the first and the last row of a stream."""


class RehearsalFailedError(FleetError):
    """An act did not end as it should have."""


@dataclass
class Act:
    """An act as it went.

    verdicts: of its windows, in order. done: what the loop did, in sentences. page: where its rows are beside
    testing, in pictures.
    """

    title: str
    verdicts: list[ListedVerdict] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    page: str = ""


class Rehearsal:
    """fleet: all services, as an admin. monitoring: its address. progress: told what happens."""

    def __init__(self, fleet: Fleet, scene: Scene, monitoring: str, progress: Progress) -> None:
        self._fleet = fleet
        self._scene = scene
        self._monitoring = monitoring
        self._progress = progress
        self._streams = 0
        self._told = 0  # id of the newest verdict that was told
        self._seed = SEED

    def run(self, acts: Sequence[int] = ALL) -> list[Act]:
        """Play these acts.

        Raises RehearsalFailedError with what an act came to, CallFailedError where a call failed.
        """
        with calls_told(by_name=True):
            self._check_that_nobody_watches()
            end_loop(self._fleet, self._scene.use_case)
            before = self._fleet.ml_model.describe(use_case=self._scene.use_case).active
            try:
                self._prepare()
                plays = (self._nothing, self._noise, self._harm, self._bad)
                return [plays[number - 1]() for number in acts]
            finally:
                self._put_back(before)

    def _check_that_nobody_watches(self) -> None:
        """A rehearsal changes what is live, which nobody wants where the loop is in earnest."""
        name = self._scene.use_case
        try:
            self._fleet.monitoring.policy(use_case=name)
        except NotFoundError:
            return
        raise RehearsalFailedError(
            f"'{name}' has a policy, so that its live model may be in earnest use",
            f"Rehearse on another use case, or remove it: DELETE /root/monitoring/policy?use_case={name}",
        )

    def _prepare(self) -> None:
        scene, fleet = self._scene, self._fleet
        self._progress(f"Before: {scene.champion.name} is trained on {scene.use_case}, and a policy is put")
        fleet.simulator.load("training", use_case=scene.use_case)
        fleet.simulator.load("testing", use_case=scene.use_case)
        model = scene.champion
        fleet.ml_model.set_model(model.name, model.hyperparameters, use_case=scene.use_case)
        fleet.ml_model.train(use_case=scene.use_case)
        fleet.ml_model.score("testing", use_case=scene.use_case)
        self._told = max((each.id for each in self._verdicts()[:1]), default=0)
        self._seed = (1 + self._told) * SEED  # rows of an earlier rehearsal have been learnt
        fleet.monitoring.set_policy(
            window_rows=WINDOW_ROWS,
            truth_wait=TRUTH_WAIT_S,
            action="retrain_and_promote",
            cool_down=0,
            search=scene.search,
            gate={"rows": GATE_ROWS},
            watch_rows=WATCH_ROWS,
            use_case=scene.use_case,
        )

    def _put_back(self, before: Deployment | None) -> None:
        """Leave nothing that goes on by itself, and what was live before live again."""
        fleet, name = self._fleet, self._scene.use_case
        with suppress(NotFoundError):  # it was not put yet
            fleet.monitoring.remove_policy(use_case=name)
        end_loop(fleet, name)
        active = fleet.ml_model.describe(use_case=name).active
        if before is not None and active is not None and active.id != before.id:
            fleet.ml_model.rollback(before.id, reason="The rehearsal is over", use_case=name)
            self._progress(f"After: deployment {before.id} is live again, as before")

    def _nothing(self) -> Act:
        act = self._begin("Act 1: nothing is wrong, and nothing is done")
        self._play(act, 2 * WINDOW_ROWS, None)
        self._judged(act, 2, ("steady", "warning"))
        return self._nothing_begun(act)

    def _noise(self) -> Act:
        act = self._begin("Act 2: noise that harms nobody is noticed, and nothing is promoted")
        self._play(act, WINDOW_ROWS, self._scene.noise)
        self._judged(act, 1, ("warning",))
        return self._nothing_begun(act)

    def _harm(self) -> Act:
        act = self._begin("Act 3: harm is noticed, and a better model takes over")
        self._play(act, 2 * WINDOW_ROWS, self._scene.harm)
        self._judged(act, 1, ("act",))
        loop = self._wait("a loop that begins", self._in_flight)
        return self._watched(act, loop, "kept")

    def _bad(self) -> Act:
        act = self._begin("Act 4: a bad model that is promoted by force is taken back")
        bad, name = self._scene.bad, self._scene.use_case
        candidate = self._fleet.ml_model.train_candidate(bad.name, bad.hyperparameters, use_case=name)
        loop = self._fleet.monitoring.start_loop(use_case=name, deployment_id=candidate.id)
        return self._watched(act, loop, "rolled_back")

    def _begin(self, title: str) -> Act:
        self._progress(title)
        return Act(title)

    def _play(self, act: Act, rows: int, fouling: Fouling | None) -> Rows:
        """Stream rows with all their truth, and have the page made that shows them."""
        self._streams += 1
        name = self._scene.use_case
        how = "as they are" if fouling is None else f"with {fouling.model_dump(exclude_unset=True)}"
        self._progress(f"  {rows} rows come in, {how}")
        stream = self._fleet.simulator.stream(
            *(RATE, rows),
            fouling=fouling,
            labels=Labels(share=1.0),
            seed=self._seed + self._streams,
            use_case=name,
        )
        sent = stream.wait()
        first, last = int(sent.first_index or 0), int(sent.last_index or 0)
        seen = self._fleet.monitoring.tests(window={"rows": [first, last]}, use_case=name)
        act.page = f"{self._monitoring}/results/{seen.result_id}"
        return first, last

    def _judged(self, act: Act, windows: int, expected: Sequence[str]) -> None:
        """Wait for the policy's verdicts on so many windows."""

        def judged() -> list[ListedVerdict] | None:
            new = list(takewhile(lambda each: each.id > self._told, self._verdicts()))
            return new[::-1][:windows] if len(new) >= windows else None

        act.verdicts = self._wait("a verdict", judged)
        self._told = act.verdicts[-1].id
        for each in act.verdicts:
            self._progress(f"  {each.sentence}")
        if any(each.verdict not in expected for each in act.verdicts):
            raise RehearsalFailedError(
                f"{act.title}: {'; '.join(each.sentence for each in act.verdicts)}",
                f"It should have been {' or '.join(expected)}; {act.page} shows the rows",
            )

    def _nothing_begun(self, act: Act) -> Act:
        loop = self._in_flight()
        if loop is not None:
            raise RehearsalFailedError(
                f"{act.title}: loop {loop.id} has begun", f"See GET /root/monitoring/loops/{loop.id}"
            )
        act.done.append("nothing")
        return act

    def _watched(self, act: Act, loop: Loop, outcome: str) -> Act:
        """Play on once the loop has promoted its model, until it has ended."""
        number = loop.id
        loop = self._wait("a promotion", lambda: self._loop_when(number, lambda at: at.step == "watch"))
        rows = self._play(act, WATCH_ROWS, self._scene.harm)
        loop = self._wait("its end", lambda: self._loop_when(number, lambda at: at.outcome is not None))
        act.done += [str(step.reason) for step in loop.steps if step.name in TOLD]
        act.done += [str(loop.reason), self._compared(loop, rows)]
        for line in act.done:
            self._progress(f"  {line}")
        if loop.outcome != outcome:
            raise RehearsalFailedError(
                f"{act.title}: the loop ended as {loop.outcome}: {loop.reason}",
                f"It should have been {outcome}: GET /root/monitoring/loops/{loop.id} shows each step",
            )
        return act

    def _compared(self, loop: Loop, rows: Rows) -> str:
        """How both models do on rows that neither has learned from."""
        both = [number for number in (loop.champion_id, loop.challenger_id) if number is not None]
        fresh = {"sample_index": list(range(rows[0], rows[1] + 1))}
        found = self._fleet.ml_model.evaluate(both, fresh, use_case=self._scene.use_case)
        said = [
            f"deployment {each.deployment_id} {each.metrics[self._scene.metric]:.3g}"
            for each in found.deployments
        ]
        return f"{self._scene.metric} on {found.rows} fresh rows: {', '.join(said)}"

    def _verdicts(self) -> list[ListedVerdict]:
        """The newest first: those of a rehearsal, and some more."""
        found = self._fleet.monitoring.verdicts(use_case=self._scene.use_case, page_size=MOST_VERDICTS)
        return list(islice(found, MOST_VERDICTS))

    def _in_flight(self) -> Loop | None:
        newest = next(self._fleet.monitoring.loops(use_case=self._scene.use_case, page_size=1), None)
        if newest is None or newest.outcome is not None:
            return None
        return self._fleet.monitoring.loop(newest.id)

    def _loop_when(self, number: int, reached: Callable[[Loop], bool]) -> Loop | None:
        """The loop once it has come so far, or has ended."""
        found = self._fleet.monitoring.loop(number)
        return found if reached(found) or found.outcome is not None else None

    def _wait(self, what: str, look: Callable[[], R | None]) -> R:
        end = time.monotonic() + PATIENCE_S
        while (found := look()) is None:
            if time.monotonic() > end:
                raise RehearsalFailedError(
                    f"Nothing was seen of {what} for {PATIENCE_S:.0f} s",
                    "See ./launch.sh jobs and ./launch.sh logs monitoring_worker",
                )
            time.sleep(POLL_S)
        return found


def account(acts: Sequence[Act]) -> Table:
    """A part for each act: its verdicts, and what was done."""
    table = Table("act", "verdicts", "what was done", box=SIMPLE)
    for act in acts:
        verdicts = ", ".join(each.verdict for each in act.verdicts) or "not waited for"
        table.add_row(act.title, verdicts, "\n".join([*act.done, f"in pictures: {act.page}"]))
        table.add_section()
    return table
