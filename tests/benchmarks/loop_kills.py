"""Kills a process of the fleet (-9) while loops stand at each of their steps, and looks what becomes of them.

    python -m tests.benchmarks.loop_kills [--steps search …] [--moments amid …] [--processes mlflow …]

A fleet of its own, on free ports. For each process: a loop for each place (`kill_places.py`), on use cases of
their own, is held at it; the process is killed; all loops are let go on. Each must end, and leave nothing
that must not be (`loop_faults.py`). Exits with 1 if one does not.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, create_engine, text

from client import CallError
from tests.benchmarks.kill_places import PLACES, PROCESSES, Holds, Place, trainers
from tests.benchmarks.loop_faults import faults_of
from tests.e2e.conftest import Stack

AT_ONCE = {f"{name}_HEAVY_AT_ONCE": "16" for name in ("MONITORING", "TRACKING", "ML_MODEL")}
ROWS = 30  # the fewest that a gate and a watch decide on
REACH_S, END_S, SETTLE_S, POLL_S, AGAIN_S = 150.0, 240.0, 60.0, 0.3, 4.0
GOOD, BAD = {"C": 1.0}, {"C": 1e-9}  # by accuracy, as good where the classes have as many rows
SEARCH = {"models": ["LogisticRegression"], "hyperparameters": {"LogisticRegression": {"C": [1.0]}}}
POLICY: dict[str, Any] = {
    "enabled": False,
    "action": "retrain_and_promote",
    "search": {**SEARCH, "method": "grid", "cv": 2, "scoring": "neg_log_loss"},
    "gate": {"rows": ROWS, "share": 1.0},
    "watch_rows": ROWS,
}


@dataclass
class Case:
    """A place, its use case, and what became of its loop. hit: whether it stood there when the kill came."""

    place: Place
    bad: int = 0
    good: int = 0
    loop: int = 0
    hit: bool = False
    sent: float = 0.0
    step: str = ""
    outcome: str | None = None
    reason: str = ""
    faults: list[str] = field(default_factory=list)

    def told(self) -> str:
        """As the table shows it."""
        shown = self.outcome or f"[red]stuck at {self.step}[/]"
        return shown + "?" * (not self.hit) + "".join(f"\n[red]{fault}[/]" for fault in self.faults)


class Kills:
    """One fleet in which things die."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._fleet = stack.fleet
        self._say = say
        self._random = np.random.default_rng(16)
        self._mlflow = create_engine(f"{stack.server_url()}/mlflow", pool_pre_ping=True)

    def prepare(self, places: Sequence[Place]) -> list[Case]:
        """A use case for each, with a bad model that is live and a good one that was trained."""
        with self._connected() as connection:
            Holds(connection).set_up()
        return [self._prepared(place) for place in places]

    def _prepared(self, place: Place) -> Case:
        name, fleet = place.use_case, self._fleet
        definition = {
            "name": name,
            "task": "classification",
            "target": "side",
            "source": {"kind": "csv", "file": f"{name}.csv", "target_column": "side"},
            "features": [{"name": each, "type": "number"} for each in ("x", "y")],
        }
        rows = self._random.normal(size=(200, 2))
        lines = [f"{x:.6f},{y:.6f},{int(x > 0)}" for x, y in rows]
        fleet.simulator.add_use_case(definition, "\n".join(["x,y,side", *lines]))
        fleet.simulator.load("training", use_case=name)
        fleet.simulator.load("testing", use_case=name)
        fleet.ml_model.set_model("LogisticRegression", BAD, use_case=name)
        bad = fleet.ml_model.train(use_case=name).deployment_id
        good = fleet.ml_model.train_candidate("LogisticRegression", GOOD, use_case=name).id
        fleet.monitoring.set_policy(**POLICY, use_case=name)
        return Case(place, int(bad or 0), good)

    def kill(self, process: str, cases: Sequence[Case]) -> None:
        """A round: each case has a loop, which is held at its place until the process is dead."""
        with self._connected() as connection:
            holds = Holds(connection)
            for case in cases:
                self._begin(case, holds)
            self._until(connection, cases, REACH_S, lambda case: self._stands(case, holds), is_early=True)
            self._kill(process, [case for case in cases if self._mark(case, holds)])
            with suppress(Exception):  # with PostgreSQL, its locks are gone
                holds.release()
        if process == "postgres":  # which nobody starts again by himself
            self._stack.launch("up")
        with self._connected() as connection:
            self._end(connection, cases)

    def _end(self, connection: Connection, cases: Sequence[Case]) -> None:
        """Wait until all have ended, then look for what is wrong with them."""
        self._until(connection, cases, END_S, lambda case: case.outcome is not None)
        self._settle(connection)
        for case in cases:
            case.faults = faults_of(connection, self._mlflow, case.loop, case.place.use_case)

    def _begin(self, case: Case, holds: Holds) -> None:
        name, fleet = case.place.use_case, self._fleet
        with suppress(CallError):  # it is so already
            fleet.ml_model.rollback(case.bad, use_case=name)
        if case.place.at is not None:
            holds.hold(case.place)
        if case.place.short:
            case.loop = fleet.monitoring.start_loop(use_case=name, deployment_id=case.good).id
        else:
            self._send(case)
            case.loop = fleet.monitoring.start_loop(use_case=name).id

    def _send(self, case: Case) -> None:
        """Rows with their truth."""
        name, rows = case.place.use_case, self._random.normal(size=(ROWS, 2))
        records = [{"x": float(x), "y": float(y)} for x, y in rows]
        answered = self._fleet.ml_model.predict(records, use_case=name)
        truth = [float(x > 0) for x, _ in rows]
        asked = answered.sample_index or []
        while self._fleet.ml_model.feedback(asked, truth, use_case=name).unknown:  # they are stored soon
            time.sleep(POLL_S)
        case.sent = time.monotonic()

    def _until(
        self,
        connection: Connection,
        cases: Sequence[Case],
        seconds: float,
        done: Callable[[Case], bool],
        *,
        is_early: bool = False,
    ) -> None:
        """Wait for all, and feed those that watch. is_early: but for those that are to stand there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._look(connection, cases)
            if all(done(case) for case in cases):
                return
            for case in cases:
                waits = is_early and case.place.name == "watch, waits"
                if case.step == "watch" and not waits and time.monotonic() - case.sent > AGAIN_S:
                    with suppress(CallError):
                        self._send(case)
            time.sleep(POLL_S)

    def _look(self, connection: Connection, cases: Sequence[Case]) -> None:
        query = text("SELECT step, outcome, reason FROM public.loops WHERE id = :loop")
        for case in cases:
            found = connection.execute(query, {"loop": case.loop}).one()
            if found.step != case.step:
                case.sent = 0.0
            case.step, case.outcome, case.reason = found.step, found.outcome, str(found.reason)

    def _stands(self, case: Case, holds: Holds) -> bool:
        place = case.place
        return case.outcome is not None or (
            case.step == place.step if place.at is None else holds.is_held(place)
        )

    def _mark(self, case: Case, holds: Holds) -> bool:
        case.hit = case.outcome is None and self._stands(case, holds)
        return case.hit

    def _kill(self, process: str, hit: Sequence[Case]) -> None:
        found = PROCESSES[process](self._stack.folder)
        for each in found:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self._say(f"{process}: {len(found)} killed, with {len(hit)} loops at their places")

    def _settle(self, connection: Connection) -> None:
        query = text(
            "SELECT count(*) FROM public.jobs WHERE state IN ('queued', 'running') "
            "AND kind IN ('loop', 'optimisation')"
        )
        end = time.monotonic() + SETTLE_S
        while connection.scalar(query) and time.monotonic() < end:
            time.sleep(POLL_S)

    def stop_trainer(self, case: Case) -> None:
        """In the middle of a fit: the trainer is stopped before it is asked, then killed."""
        case.place = Place("train", "amid", None)
        with self._connected() as connection:
            self._send(case)
            with suppress(CallError):
                self._fleet.ml_model.rollback(case.bad, use_case=case.place.use_case)
            stopped = trainers(self._stack.folder)
            for each in stopped:
                each.send_signal(signal.SIGSTOP)
            case.loop = self._fleet.monitoring.start_loop(use_case=case.place.use_case).id
            self._until(connection, [case], REACH_S, lambda it: it.step == "train" or it.outcome is not None)
            time.sleep(2)
            self._look(connection, [case])
            stopped = [each for each in stopped if each.is_running()]  # some end by themselves
            case.hit = case.step == "train" and bool(stopped)
            for each in stopped:
                each.kill()
            self._end(connection, [case])

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = create_engine(f"{self._stack.server_url()}/dataset", isolation_level="AUTOCOMMIT")
        connection = engine.connect()
        try:
            yield connection
        finally:
            with suppress(Exception):  # PostgreSQL may be dead
                connection.close()
            engine.dispose()


def table_of(rounds: dict[str, list[Case]]) -> Table:
    """Places by processes. A question mark: the loop did not stand there for sure."""
    table = Table("place", *rounds, show_lines=True)
    for place in PLACES:
        told = [[case.told() for case in cases if case.place.name == place.name] for cases in rounds.values()]
        if any(told):
            table.add_row(place.name, *("\n".join(each) for each in told))
    return table


def measure(stack: Stack, processes: Sequence[str], places: Sequence[Place], console: Console) -> bool:
    """Whether every loop of every round has ended as it may."""
    kills = Kills(stack, console.log)
    cases = kills.prepare(places)
    console.log(f"{len(cases)} use cases are prepared")
    rounds: dict[str, list[Case]] = {}
    for process in processes:
        rounds[process] = [Case(case.place, case.bad, case.good) for case in cases]
        kills.kill(process, rounds[process])
        if process == "ml_model trainer":
            fits = [
                Case(each.place, each.bad, each.good) for each in cases if each.place.name == "train, amid"
            ]
            for case in fits:
                kills.stop_trainer(case)
            rounds["trainer in a fit"] = fits
        for case in rounds[process]:
            console.log(f"  {case.place.name}: {case.told()}, {case.reason}")
    console.print(table_of(rounds))
    every = [case for cases in rounds.values() for case in cases]
    hits = sum(case.hit for case in every)
    console.print(f"{len(every)} loops, {hits} of them stood at their place for sure when the process died")
    return all(case.outcome is not None and not case.faults for case in every)


def main() -> int:
    """What the shell is told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    steps = list(dict.fromkeys(place.step for place in PLACES))
    parser.add_argument("--steps", nargs="+", choices=steps, default=steps)
    moments = list(dict.fromkeys(place.moment for place in PLACES))
    parser.add_argument("--moments", nargs="+", choices=moments, default=moments)
    parser.add_argument("--processes", nargs="+", choices=list(PROCESSES), default=list(PROCESSES))
    asked = parser.parse_args()
    os.environ.update(AT_ONCE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the fleet is not left running
    console = Console(width=None if sys.stdout.isatty() else 240)
    with tempfile.TemporaryDirectory(prefix="loop-kills-") as folder:
        stack = Stack(Path(folder) / "state")
        try:
            started = stack.launch("up")
            if started.returncode != 0:
                sys.exit(started.stdout + started.stderr)
            places = [
                place for place in PLACES if place.step in asked.steps and place.moment in asked.moments
            ]
            is_right = measure(stack, asked.processes, places, console)
        finally:
            stack.launch("down", "--purge", "--yes")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
