"""What Optuna knows of the candidates of a search, in a schema of its own of the dataset database.

Each candidate is drawn from a seed of its own number: a search that is taken up again goes on with the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from db.unit_of_work import translated
from fleet.catalogue import Range, Space
from fleet.settings import SEED
from tracking.utils.quiet import no_warnings

if TYPE_CHECKING:
    import optuna

SCHEMA = "_optuna"  # no use case can be called so


@dataclass(frozen=True)
class Thought:
    """A candidate that Optuna has thought of: its number, and what it has chosen by hyperparameter."""

    number: int
    choices: dict[str, Any]


class Studies:
    """The studies of one search, one a model.

    search: its id. url: SQLAlchemy's, of the dataset database; None to keep them in memory. All that is asked
    of them raises what UnitOfWork does.
    """

    def __init__(self, search: str, url: str | None = None) -> None:
        self._search = search
        self._url = url

    def study(self, model_name: str) -> "OptunaStudy":
        """The model's; made if there is none yet."""
        import optuna  # noqa: PLC0415  # it takes a second, and few searches need it

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with no_warnings(), _translated():
            storage = self._storage()
            study = optuna.create_study(
                storage=storage,
                study_name=f"{self._search}/{model_name}",
                direction="maximize",
                load_if_exists=True,
            )
        return OptunaStudy(study)

    def forget(self) -> None:
        """Delete them."""
        if self._url is None:
            return
        with _translated():
            if kept := self._kept():
                storage = self._storage()
                for number in kept:
                    storage.delete_study(number)

    def _kept(self) -> Sequence[int]:
        """The storage's numbers of them; asked without Optuna, for most searches have none."""
        engine = create_engine(str(self._url), hide_parameters=True)
        try:
            with engine.begin() as connection:
                if connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.studies')")) is None:
                    return []
                query = f"SELECT study_id FROM {SCHEMA}.studies WHERE starts_with(study_name, :search)"  # noqa: S608
                return connection.scalars(text(query), {"search": f"{self._search}/"}).all()
        finally:
            engine.dispose()

    def _storage(self) -> "optuna.storages.BaseStorage":
        import optuna  # noqa: PLC0415  # it takes a second, and few searches need it

        if self._url is None:
            return optuna.storages.InMemoryStorage()
        engine = create_engine(self._url, hide_parameters=True)
        try:
            with engine.begin() as connection:  # two that make its tables at once would fail
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('mlfleet optuna'))"))
                storage = optuna.storages.RDBStorage(
                    self._url,
                    engine_kwargs={
                        "hide_parameters": True,
                        "pool_pre_ping": True,
                        "connect_args": {"options": f"-c search_path={SCHEMA}"},
                    },
                    skip_compatibility_check=True,
                )
                if storage.get_current_version() != storage.get_head_version():
                    storage.upgrade()
        finally:
            engine.dispose()
        return storage


class OptunaStudy:
    """A Study: what Optuna was asked and told about one model."""

    def __init__(self, study: "optuna.Study") -> None:
        self._study = study

    def enqueue(self, setting: Mapping[str, Any], space: Space) -> bool:
        """Have it thought of next, unless it was; False if the space does not hold it."""
        if setting.keys() != space.keys():
            return False
        places = {name: _place(setting[name], part) for name, part in space.items()}
        if None in places.values():
            return False
        with no_warnings(), _translated():
            self._study.enqueue_trial(places, skip_if_exists=True)
        return True

    def trials(self, first: int, count: int, space: Space) -> Sequence[Thought]:
        """Those of these numbers, thought of now unless they were before."""
        import optuna  # noqa: PLC0415  # it takes a second, and few searches need it

        waiting = optuna.trial.TrialState.WAITING  # these are asked for as new ones are
        with no_warnings(), _translated():
            all_known = [each for each in self._study.get_trials(deepcopy=False) if each.state != waiting]
            known = all_known[first : first + count]
            thoughts = [
                Thought(trial.number, _chosen(optuna.trial.Trial(self._study, trial._trial_id), space))  # noqa: SLF001
                for trial in known
            ]
            for number in range(first + len(known), first + count):
                self._study.sampler = optuna.samplers.TPESampler(seed=SEED + number)
                thoughts.append(Thought(number, _chosen(self._study.ask(), space)))
        return thoughts

    def tell(self, number: int, score: float) -> None:
        """How it did; NaN for one that failed. Nothing if that is known."""
        import optuna  # noqa: PLC0415  # it takes a second, and few searches need it

        with no_warnings(), _translated():
            if np.isnan(score):
                self._study.tell(number, state=optuna.trial.TrialState.FAIL, skip_if_finished=True)
            else:
                self._study.tell(number, score, skip_if_finished=True)


@contextmanager
def _translated() -> Iterator[None]:
    """As db.unit_of_work's, also where Optuna has raised an error of its own in the place of PostgreSQL's."""
    with translated():
        try:
            yield
        except Exception as error:
            if isinstance(error.__cause__, DBAPIError):
                raise error.__cause__ from None
            raise


def _chosen(trial: "optuna.trial.Trial", space: Space) -> dict[str, Any]:
    """What the trial was given before stays. Of a list its places are chosen: values may be anything."""
    return {name: _value(trial, name, part) for name, part in space.items()}


def _place(value: Any, part: Range | Sequence[Any]) -> float | int | None:
    """How Optuna is told of a value: by itself in a range, by its place in a list; None if it has none."""
    if not isinstance(part, Range):
        return next((place for place, each in enumerate(part) if _is(value, each)), None)
    kinds = int if part.integers else (int, float)
    is_number = isinstance(value, kinds) and not isinstance(value, bool)
    return value if is_number and part.low <= value <= part.high else None


def _is(value: Any, other: Any) -> bool:
    """Whether they are equal, and true is not 1."""
    return bool(value == other and isinstance(value, bool) == isinstance(other, bool))


def _value(trial: "optuna.trial.Trial", name: str, part: Range | Sequence[Any]) -> Any:
    if not isinstance(part, Range):
        return part[trial.suggest_categorical(name, range(len(part)))]
    if part.integers:
        return trial.suggest_int(name, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(name, part.low, part.high, log=part.log)
