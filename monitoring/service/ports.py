"""What the service asks of others; tests put fakes in their place."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from db.definition import UseCase
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.judged_sets import JudgedSets
from monitoring.persistence.model.result import KeptResult, LastVerdict, Result, WholeResult
from monitoring.persistence.model.window import Reference, Window


class Samples(Protocol):
    """Use cases and their sets; see JudgedSampleRepository."""

    def find(self, name: str) -> UseCase: ...

    def read(
        self,
        use_case: UseCase,
        asked: int | None = None,
        *,
        window: Window | None = None,
        reference: Reference = "testing",
    ) -> JudgedSets: ...


class Results(Protocol):
    """Where results are kept; see ResultRepository."""

    def add(self, result: Result) -> int: ...

    def page(self, asked: PageRequest, *, use_case: str | None = None) -> Page[KeptResult]: ...

    def find(self, result_id: int) -> WholeResult: ...

    def last_verdicts(self) -> list[LastVerdict]: ...


class Work(Protocol):
    """A transaction; see MonitoringUnitOfWork."""

    @property
    def samples(self) -> Samples: ...

    @property
    def results(self) -> Results: ...

    def commit(self) -> None: ...


Units = Callable[[], AbstractContextManager[Work]]


class Evidence(Protocol):
    """Computes results; see Engine."""

    def run_tests(self, sets: JudgedSets, groups: Sequence[str]) -> dict[str, Any]: ...

    def run_report(self, sets: JudgedSets) -> dict[str, Any]: ...
