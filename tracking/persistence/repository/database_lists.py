"""Lists of experiments and runs, by SQL on MLflow's own database, which is only read.

MLflow hands runs out with all that they have, 500 in 1.7 s; a list of ours needs a few words of each.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import nan
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    case,
    column,
    func,
    or_,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from fleet.errors import AwayError, FleetError, OutOfTimeError
from fleet.paging import InvalidPageTokenError, Key, Page, PageRequest, make_token, read_token
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.model.metrics import BETTER_WHEN_LOWER, INFINITE
from tracking.persistence.repository.mlflow_entities import UNNAMED, as_time

REVISION = "dc11669786a5"  # of MLflow's schema, in 3.17: what is read here stands in it as it is read
ACTIVE, FINISHED = "active", "FINISHED"
RUN_NAME = "mlflow.runName"  # where MLflow kept a run's name before it had a column
QUERY_CANCELED = "57014"  # PostgreSQL's code: the statement took longer than it may
NEVER = -1  # in the place of a time that is not known, where something is ordered by it

alembic_version = table("alembic_version", column("version_num"))
experiments = table(
    "experiments",
    *map(
        column,
        (
            "experiment_id",
            "name",
            "artifact_location",
            "lifecycle_stage",
            "creation_time",
            "last_update_time",
        ),
    ),
)
experiment_tags = table("experiment_tags", *map(column, ("experiment_id", "key", "value")))
runs = table(
    "runs",
    *map(
        column, ("run_uuid", "experiment_id", "name", "status", "start_time", "end_time", "lifecycle_stage")
    ),
)
tags = table("tags", *map(column, ("run_uuid", "key", "value")))
metrics = table("latest_metrics", *map(column, ("run_uuid", "key", "value", "is_nan")))
READ = (experiments, experiment_tags, runs, tags, metrics)

T = TypeVar("T")


class UnreadableError(FleetError):
    """MLflow's database cannot be read, or is of another version than the queries here."""


class MlflowDatabaseError(AwayError):
    """MLflow's database was read a moment ago, and does not answer now."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow's database cannot be reached", "Check that it is running, then send the request again"
        )


class DatabaseLists:
    """Lists by SQL. engine: of MLflow's database; nothing is written to it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self) -> None:
        """Raises UnreadableError unless every table may be read and is as it is expected to be."""
        try:
            with self._engine.connect() as connection:
                revision = connection.scalar(select(alembic_version.c.version_num))
                if revision != REVISION:
                    raise UnreadableError(
                        f"MLflow's database has schema {revision}, and this version reads {REVISION}",
                        "Use the version of MLflow that constraints.txt names",
                    )
                for each in READ:
                    connection.execute(select(each).limit(0))
        except (DBAPIError, PoolTimeoutError) as error:
            reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
            raise UnreadableError(
                f"MLflow's database cannot be read: {reason}",
                "Check TRACKING_MLFLOW_DATABASE_URL, and that its user may read MLflow's tables",
            ) from error

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest first."""
        return self._experiments(_newest_experiments())

    def experiment_page(self, asked: PageRequest) -> Page[Experiment]:
        """A page of them, the newest first. Raises InvalidPageTokenError."""
        query = _newest_experiments()
        if asked.token is not None:
            created, number = _keys(asked.token, "experiments", int)
            query = query.where(
                or_(
                    _created() < created,
                    and_(_created() == created, experiments.c.experiment_id > number),
                )
            )
        found = self._experiments(query.limit(asked.limit + 1))
        return _page(
            found,
            asked.limit,
            lambda last: ["experiments", _milliseconds(last.created_at), int(last.experiment_id)],
        )

    def run_counts(self, experiment_ids: Sequence[str]) -> Counter[str]:
        """Number of runs by experiment id."""
        query = (
            select(runs.c.experiment_id, func.count().label("number"))
            .where(
                runs.c.lifecycle_stage == ACTIVE,
                runs.c.experiment_id.in_([int(each) for each in experiment_ids]),
            )
            .group_by(runs.c.experiment_id)
        )
        with self._reading() as connection:
            return Counter({str(row.experiment_id): row.number for row in connection.execute(query)})

    def runs(self, experiment_id: str, wanted: Wanted) -> list[Run]:
        """All runs of an experiment, the newest first, with what is wanted of each."""
        return self._runs(_newest_runs(runs.c.experiment_id == int(experiment_id)), wanted)

    def run_page(self, experiment_id: str, asked: PageRequest, wanted: Wanted) -> Page[Run]:
        """A page of an experiment's runs, the newest first. Raises InvalidPageTokenError."""
        name = f"runs of {experiment_id}"
        query = _newest_runs(runs.c.experiment_id == int(experiment_id))
        if asked.token is not None:
            started, run_id = _keys(asked.token, name, str)
            query = query.where(
                or_(_started() < started, and_(_started() == started, runs.c.run_uuid > run_id))
            )
        found = self._runs(query.limit(asked.limit + 1), wanted)
        return _page(found, asked.limit, lambda last: [name, _milliseconds(last.started_at), last.run_id])

    def best_runs(self, use_case: str, metric: str, limit: int, wanted: Wanted) -> list[Run]:
        """The best finished runs of a use case, of whatever experiment; of equal ones the earliest first."""
        ranked = metrics.alias("ranked")
        value = ranked.c.value if metric in BETTER_WHEN_LOWER else -ranked.c.value
        of_it = select(tags.c.run_uuid).where(tags.c.key == "use_case", tags.c.value == use_case)
        alive = select(experiments.c.experiment_id).where(experiments.c.lifecycle_stage == ACTIVE)
        query = (
            select(runs)
            .join(ranked, and_(ranked.c.run_uuid == runs.c.run_uuid, ranked.c.key == metric))
            .where(
                runs.c.lifecycle_stage == ACTIVE,
                runs.c.status == FINISHED,
                runs.c.run_uuid.in_(of_it),
                runs.c.experiment_id.in_(alive),
                ranked.c.is_nan.is_(False),
                func.abs(ranked.c.value) < INFINITE,
            )
            .order_by(value, _started(), runs.c.run_uuid)
            .limit(limit)
        )
        return self._runs(query, wanted)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except (DBAPIError, PoolTimeoutError) as error:
            if getattr(getattr(error, "orig", None), "pgcode", None) == QUERY_CANCELED:
                raise OutOfTimeError from error
            raise MlflowDatabaseError from error

    def _experiments(self, query: Select[Any]) -> list[Experiment]:
        with self._reading() as connection:
            found = connection.execute(query).mappings().all()
            ids = [row["experiment_id"] for row in found]
            of_each: dict[int, dict[str, str]] = {each: {} for each in ids}
            for row in connection.execute(
                select(experiment_tags).where(experiment_tags.c.experiment_id.in_(ids))
            ):
                of_each[row.experiment_id][row.key] = row.value
        return [_experiment(row, of_each[row["experiment_id"]]) for row in found]

    def _runs(self, query: Select[Any], wanted: Wanted) -> list[Run]:
        """Three statements, however many runs there are. The run's name may stand among its tags."""
        chosen = query.subquery()
        with self._reading() as connection:
            found = connection.execute(query).mappings().all()
            words = _by_run(connection, tags, {RUN_NAME, *wanted.tags}, chosen, tags.c.value)
            number = case((metrics.c.is_nan, nan), else_=metrics.c.value)
            numbers = _by_run(connection, metrics, wanted.metrics, chosen, number)
        return [
            _run(row, words.get(row["run_uuid"], {}), numbers.get(row["run_uuid"], {}), wanted)
            for row in found
        ]


def _by_run(
    connection: Connection, named: Any, names: Collection[str], chosen: Any, value: ColumnElement[Any]
) -> dict[str, dict[str, Any]]:
    """The values of these names, by run and name."""
    if not names:
        return {}
    query = (
        select(named.c.run_uuid, named.c.key, value.label("value"))
        .join_from(named, chosen, chosen.c.run_uuid == named.c.run_uuid)
        .where(named.c.key.in_(names))
    )
    by_run: dict[str, dict[str, Any]] = {}
    for run_id, key, found in connection.execute(query):
        by_run.setdefault(run_id, {})[key] = found
    return by_run


def _newest_experiments() -> Select[Any]:
    return (
        select(experiments)
        .where(experiments.c.lifecycle_stage == ACTIVE)
        .order_by(_created().desc(), experiments.c.experiment_id)
    )


def _newest_runs(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(runs)
        .where(runs.c.lifecycle_stage == ACTIVE, *conditions)
        .order_by(_started().desc(), runs.c.run_uuid)
    )


def _created() -> ColumnElement[int]:
    return func.coalesce(func.nullif(experiments.c.creation_time, 0), NEVER)


def _started() -> ColumnElement[int]:
    return func.coalesce(func.nullif(runs.c.start_time, 0), NEVER)


def _keys(token: str, name: str, last: type[Key]) -> tuple[Key, Key]:
    of, time, key = read_token(token, [str, int, last])
    if of != name:
        raise InvalidPageTokenError
    return time, key


def _page(found: list[T], limit: int, keys: Callable[[T], Sequence[Key]]) -> Page[T]:
    """Of one entry more than fit, if there is another page. keys: for the token, of the last entry."""
    items = found[:limit]
    return Page(items, make_token(keys(items[-1])) if len(found) > limit else None)


def _milliseconds(time: datetime | None) -> int:
    return NEVER if time is None else round(time.timestamp() * 1000)


def _experiment(row: RowMapping, tags_of_it: Mapping[str, str]) -> Experiment:
    return Experiment(
        experiment_id=str(row["experiment_id"]),
        name=row["name"],
        artifact_location=row["artifact_location"],
        lifecycle_stage=row["lifecycle_stage"],
        tags=tags_of_it,
        created_at=as_time(row["creation_time"]),
        updated_at=as_time(row["last_update_time"]),
    )


def _run(row: RowMapping, words: Mapping[str, str], numbers: Mapping[str, float], wanted: Wanted) -> Run:
    return Run(
        run_id=row["run_uuid"],
        experiment_id=str(row["experiment_id"]),
        name=row["name"] or words.get(RUN_NAME) or UNNAMED,
        status=row["status"],
        started_at=as_time(row["start_time"]),
        ended_at=as_time(row["end_time"]),
        tags={name: value for name, value in words.items() if name in wanted.tags},
        metrics=numbers,
    )
