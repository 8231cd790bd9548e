"""Compares production with testing, keeps what it found, and begins a loop if it must."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fleet.caller import Caller
from fleet.errors import InvalidRequestError
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.judged_sets import JudgedSets
from monitoring.persistence.model.result import KeptResult, LastVerdict, Metric, Result, WholeResult
from monitoring.persistence.model.window import Reference, Window
from monitoring.service.group_names import fitting_groups
from monitoring.service.ports import Evidence, Units
from monitoring.service.retraining import Loops, Retraining, retrain

NAME = "EvidentlyAI"
SHARE_CHECK = "share_of_drifted_columns"
MOST_KEPT = 100  # checks that failed, with a summary


class UnfitGroupError(InvalidRequestError):
    """A group of checks was asked for that does not fit the use case's task."""

    def __init__(self, name: str, use_case: str, fitting: Sequence[str]) -> None:
        super().__init__(
            f"The group '{name}' does not fit use case '{use_case}'", f"Choose from: {', '.join(fitting)}"
        )


@dataclass(frozen=True)
class Answer:
    """A kept result. retraining: what follows, if that was asked for and the summary failed."""

    result_id: int
    result: dict[str, Any]
    retraining: Retraining | None = None


class MonitoringService:
    """Gives verdicts and reports on a model that has scored both sets.

    units: opens a transaction. evidence: computes. loops: where they begin.
    """

    def __init__(self, units: Units, evidence: Evidence, loops: Loops) -> None:
        self._units = units
        self._evidence = evidence
        self._loops = loops

    def judge(  # noqa: PLR0913  # what is asked, and who asks
        self,
        metric: Metric,
        use_case: str,
        groups: Sequence[str] | None = None,
        *,
        caller: Caller,
        deployment_id: int | None = None,
        window: Window | None = None,
        reference: Reference = "testing",
        retrain_on_failure: bool = False,
    ) -> Answer:
        """Compute a metric and keep it.

        groups: of checks; None for all that fit. deployment_id: what is judged; None for the live one if it
        has scored both sides, else the newest that has. window: of production; None for all of it. reference:
        what it is held against. retrain_on_failure: begin a loop if any check fails.
        Raises UnknownUseCaseError, UnknownDeploymentError, NotLoadedError, NotScoredError, EmptyWindowError,
        UnfitGroupError, NothingToRetrainError.
        """
        with self._units() as work:
            found = work.samples.find(use_case)
            sets = work.samples.read(found, deployment_id, window=window, reference=reference)
        chosen = _choose(groups, sets, use_case)
        tests = None
        if metric != "report" or retrain_on_failure:
            tests = self._evidence.run_tests(sets, chosen)
        result = self._result(metric, use_case, sets, tests, chosen)
        result_id = self._keep(result)
        if not retrain_on_failure or tests is None or tests["summary"]["all_passed"]:
            return Answer(result_id, result.result)
        kept = {"result_id": result_id, "result": result.result}
        answer = retrain(self._loops, use_case, kept, caller=caller)
        return Answer(result_id, result.result, answer)

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[KeptResult]:
        """Kept results, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        with self._units() as work:
            return work.results.page(asked, use_case=use_case)

    def find(self, result_id: int) -> WholeResult:
        """A result that is kept. Raises ResultNotFoundError."""
        with self._units() as work:
            return work.results.find(result_id)

    def last_verdicts(self) -> list[LastVerdict]:
        """How every use case that was judged stands."""
        with self._units() as work:
            return work.results.last_verdicts()

    def _result(
        self,
        metric: Metric,
        use_case: str,
        sets: JudgedSets,
        tests: dict[str, Any] | None,
        groups: Sequence[str],
    ) -> Result:
        if metric == "report" or tests is None:
            return Result(use_case, sets.deployment_id, metric, self._evidence.run_report(sets))
        return Result(
            use_case=use_case,
            deployment_id=sets.deployment_id,
            metric=metric,
            result={"tests": tests["tests"], "summary": tests["summary"]}
            if metric == "tests"
            else tests["summary"],
            groups=list(groups),
            all_passed=tests["summary"]["all_passed"],
            drifted_columns_share=_share(tests) if metric == "summary" else None,
            details=_details(metric, tests),
        )

    def _keep(self, result: Result) -> int:
        with self._units() as work:
            result_id = work.results.add(result)
            work.commit()
        return result_id


def _choose(groups: Sequence[str] | None, sets: JudgedSets, use_case: str) -> Sequence[str]:
    fitting = fitting_groups(classifies=sets.classifies)
    for name in groups or ():
        if name not in fitting:
            raise UnfitGroupError(name, use_case, fitting)
    return fitting if groups is None else groups


def _share(tests: dict[str, Any]) -> float | None:
    """The share of drifted columns by the first group that judged it, if any did."""
    return next((test["value"] for test in tests["tests"] if test["name"] == SHARE_CHECK), None)


def _details(metric: Metric, tests: dict[str, Any]) -> dict[str, Any]:
    """What a page shows besides what was answered: which checks that count failed, and pictures of them."""
    pictures = {"distributions": tests["distributions"]} if tests["distributions"] else {}
    failed = [test for test in tests["tests"] if test["status"] == "FAIL" and test["source"] == "mlfleet"]
    return pictures | ({"failed": failed[:MOST_KEPT]} if failed and metric == "summary" else {})
