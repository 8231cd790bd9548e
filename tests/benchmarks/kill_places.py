"""Where a loop can be killed: places at which it is held, and the processes that die there.

A step may take less than 0.1 s, and nobody hits that from outside. So each place is a trigger in PostgreSQL
that waits for an advisory lock: what does the step stands still in the middle of its work, or once that is
done and not written down yet, for as long as the benchmark holds the lock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import Connection, text

from launcher.local.processes import Processes

LOCK = 1600
STEP_ENDS = "(SELECT use_case FROM public.loops WHERE id = NEW.loop_id)"
DECIDES = "NEW.use_case"


@dataclass(frozen=True)
class Place:
    """A moment of a step. short: its loops begin with a candidate, without a search.

    at: the table, the event, which of its rows, and the use case of one, for a trigger; None where the loop
    waits by itself.
    """

    step: str
    moment: str
    at: tuple[str, str, str, str] | None
    short: bool = False

    @property
    def name(self) -> str:
        return f"{self.step}, {self.moment}"

    @property
    def use_case(self) -> str:
        return f"kill_{self.step}_{self.moment}"


def _end_of(step: str) -> tuple[str, str, str, str]:
    """What the step does is done, and not written down yet."""
    when = f"OLD.name = '{step}' AND OLD.outcome IS NULL AND NEW.outcome IS NOT NULL"
    return "loop_steps", "UPDATE", when, STEP_ENDS


PLACES = (
    Place("reserve", "amid", ("decided_rows", "INSERT", "true", DECIDES)),
    Place("snapshot", "amid", ("snapshots", "INSERT", "true", DECIDES)),
    Place("snapshot", "end", _end_of("snapshot")),
    Place(
        "search",
        "amid",
        ("jobs", "UPDATE", "NEW.kind = 'optimisation' AND NEW.progress > 0", "NEW.arguments ->> 'use_case'"),
    ),
    Place("search", "end", _end_of("search")),
    Place(
        "train",
        "amid",
        ("deployments", "UPDATE", "OLD.trained_at IS NULL AND NEW.trained_at IS NOT NULL", DECIDES),
    ),
    Place("train", "end", _end_of("train")),
    Place("gate", "end", _end_of("gate")),
    Place("promote", "amid", ("activations", "INSERT", "NEW.role = 'active'", DECIDES)),
    Place("promote", "end", _end_of("promote")),
    Place("watch", "waits", None, short=True),
    Place("watch", "end", _end_of("watch"), short=True),
    Place(
        "clear",
        "amid",
        ("activations", "UPDATE", "NEW.role = 'shadow' AND NEW.until IS NOT NULL", DECIDES),
        short=True,
    ),
    Place("clear", "end", _end_of("clear"), short=True),
)


class Holds:
    """Holds loops at their places. connection: in autocommit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set_up(self) -> None:
        self._run("CREATE SCHEMA IF NOT EXISTS kills")
        for number, place in enumerate(PLACES):
            if place.at is not None:
                self._make(number, place, place.at)

    def _make(self, number: int, place: Place, at: tuple[str, str, str, str]) -> None:
        table, event, when, use_case = at
        function = f"kills.{place.step}_{place.moment}"
        self._run(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {use_case} = '{place.use_case}' THEN "
            f"PERFORM pg_advisory_xact_lock_shared({LOCK}, {number}); END IF; RETURN NEW; END $$"
        )
        self._run(
            f"CREATE OR REPLACE TRIGGER {place.use_case} BEFORE {event} ON public.{table} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {function}()"
        )

    def hold(self, place: Place) -> None:
        self._run(f"SELECT pg_advisory_lock({LOCK}, {PLACES.index(place)})")

    def is_held(self, place: Place) -> bool:
        """Whether a loop stands there."""
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        which = f"AND classid = {LOCK} AND objid = {PLACES.index(place)}"
        return bool(self._connection.scalar(text(query + which)))

    def release(self) -> None:
        self._run("SELECT pg_advisory_unlock_all()")

    def _run(self, statement: str) -> None:
        self._connection.execute(text(statement))


Found = Callable[[Path], list[psutil.Process]]
"""The living processes of a kind, in the stack of a folder."""


def _leader(folder: Path, name: str) -> psutil.Process:
    found = Processes(folder / "run", folder / "logs").find(name)
    if found is None:
        raise psutil.NoSuchProcess(0, name)
    return found


def _web(name: str) -> Found:
    def find(folder: Path) -> list[psutil.Process]:
        leader = _leader(folder, name)
        return [leader, *leader.children()]

    return find


def _worker(name: str) -> Found:
    return lambda folder: [_leader(folder, name)]


def _forkserver(name: str) -> Found:
    def find(folder: Path) -> list[psutil.Process]:
        return [each for each in _leader(folder, name).children() if "forkserver" in " ".join(each.cmdline())]

    return find


def _forked(name: str, which: slice) -> Found:
    """What the worker's fork server has forked, the oldest first."""

    def find(folder: Path) -> list[psutil.Process]:
        (parent,) = _forkserver(name)(folder)
        return sorted(parent.children(), key=lambda each: each.create_time())[which]

    return find


def _below_jobs(name: str) -> Found:
    def find(folder: Path) -> list[psutil.Process]:
        jobs = _forked(name, slice(None))(folder)
        return [each for job in jobs for each in job.children(recursive=True)]

    return find


def trainers(folder: Path) -> list[psutil.Process]:
    """ml_model's processes that fit."""
    return [each for web in _leader(folder, "ml_model").children() for each in web.children()]


def postmaster(folder: Path) -> list[psutil.Process]:
    file = folder / "postgres" / "data" / "postmaster.pid"
    return [psutil.Process(int(file.read_text(encoding="ascii").split()[0]))]


PROCESSES: dict[str, Found] = {
    "monitoring web": _web("monitoring"),
    "monitoring worker": _worker("monitoring_worker"),
    "its fork server": _forkserver("monitoring_worker"),
    "its jobs": _forked("monitoring_worker", slice(1, None)),
    "its watcher": _forked("monitoring_worker", slice(1)),
    "ml_model web": _web("ml_model"),
    "ml_model trainer": trainers,
    "tracking web": _web("tracking"),
    "tracking worker": _worker("tracking_worker"),
    "tracking's jobs": _forked("tracking_worker", slice(None)),
    "tracking's searchers": _below_jobs("tracking_worker"),
    "mlflow": _web("mlflow"),
    "postgres": postmaster,
}
