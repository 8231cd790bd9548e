"""monitoring: compares production with testing."""

from collections.abc import Collection, Iterator
from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from client.answer import Answer, Moment
from client.connection import PAGE_SIZE, Connection
from client.ml_model import Score

Group = Literal[
    "data_drift",
    "data_quality",
    "data_stability",
    "no_target_performance",
    "multi_class_classification",
    "regression",
]
Status = Literal["SUCCESS", "FAIL"]


class LeftOut(Answer):
    """What could not be judged without truth. column: None where it is the whole group."""

    group: str
    column: str | None
    reason: str


class Summary(Answer):
    """How many checks passed. left_out: what was not judged, as no truth is known."""

    all_passed: bool
    total_tests: int
    success_tests: int
    failed_tests: int
    by_status: dict[Status, int]
    left_out: list[LeftOut] = []


class KeptSummary(Summary):
    """A summary as it is kept. drifted_columns_share: 0 to 1; None where drift was not judged."""

    drifted_columns_share: float | None = None


class Check(Answer):
    """One check. value: what was found. Its limit is a number, `threshold`, or in words, `condition`."""

    group: str
    name: str
    column: str | None
    status: Status
    value: float | None
    threshold: float | None = None
    condition: str | None = None
    description: str


class Checks(Answer):
    """Every check, and how many passed."""

    tests: list[Check]
    summary: Summary


class Report(Answer):
    """Evidently's metrics. left_out: columns without values; failed: parts that could not be made."""

    metrics: list[dict[str, Any]]
    left_out: list[str] = []
    failed: list[str] = []


R = TypeVar("R", Summary, Checks, Report)


class Judgement(Answer, Generic[R]):
    """A result, kept under its id. retraining: how the model did after training again, if it was trained."""

    result: R = Field(validation_alias="message")
    result_id: int
    retraining: Score | None = None


class Listed(Answer):
    """A kept result in a list. groups, all_passed: None for a report.

    deployment_id: whose predictions were judged; None if that deployment is gone.
    """

    id: int
    use_case: str
    deployment_id: int | None
    metric: Literal["report", "tests", "summary"]
    groups: list[str] | None
    all_passed: bool | None
    created_at: Moment


class Kept(Listed):
    """A kept result with what it says."""

    result: KeptSummary | Checks | Report


class ResultPage(Answer):
    """Some of the kept results."""

    results: list[Listed]
    next_page_token: str | None


class Monitor(Answer):
    """Who judges."""

    name: str
    message: str


class Monitoring:
    """`fleet.monitoring`. Compares production with testing, by the live model if it has scored both, else by
    the newest that has.

    groups: of checks that are wanted; all if left out. deployment_id: judges by that model instead. retrain:
    if a check fails, ml_model trains again.
    use_case: whose data is meant; the service's default is wine.
    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    All raise ConflictError if no model, or not that one, has scored both sets.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def describe(self) -> Monitor:
        """Says who judges."""
        return self._connection.ask(Monitor, "GET")

    def summary(
        self,
        groups: Collection[Group] | None = None,
        *,
        deployment_id: int | None = None,
        retrain: bool = False,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Judgement[Summary]:
        """How many checks passed."""
        question = _question("summary", groups, deployment_id, retrain, use_case)
        return self._connection.ask(
            Judgement[Summary], "POST", body=question, idempotency_key=idempotency_key
        )

    def tests(
        self,
        groups: Collection[Group] | None = None,
        *,
        deployment_id: int | None = None,
        retrain: bool = False,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Judgement[Checks]:
        """Every check with its verdict."""
        question = _question("tests", groups, deployment_id, retrain, use_case)
        return self._connection.ask(Judgement[Checks], "POST", body=question, idempotency_key=idempotency_key)

    def report(
        self,
        groups: Collection[Group] | None = None,
        *,
        deployment_id: int | None = None,
        retrain: bool = False,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Judgement[Report]:
        """Evidently's own metrics. groups: of the checks that decide on retraining."""
        question = _question("report", groups, deployment_id, retrain, use_case)
        return self._connection.ask(Judgement[Report], "POST", body=question, idempotency_key=idempotency_key)

    def results(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[Listed]:
        """The kept results, the newest first; of one use case, or of all."""
        query = {"use_case": use_case, "limit": page_size}
        for page in self._connection.pages(ResultPage, "/results", query=query):
            yield from page.results

    def result(self, result_id: int) -> Kept:
        """A kept result. Raises NotFoundError."""
        return self._connection.ask(Kept, "GET", f"/results/{result_id:d}")


def _question(
    metric: str,
    groups: Collection[Group] | None,
    deployment_id: int | None,
    retrain: bool,
    use_case: str | None,
) -> dict[str, Any]:
    chosen = None if groups is None else dict.fromkeys(groups, True)
    return {
        "metric": metric,
        "tests": chosen,
        "deployment_id": deployment_id,
        "retrain": retrain or None,
        "use_case": use_case,
    }
