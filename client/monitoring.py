"""monitoring: compares production with testing."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, TypedDict, TypeVar, Unpack

from client.answers import (
    Check,
    Checks,
    Judgement,
    KeptSummary,
    KeptVerdicts,
    ListedResult,
    ListedVerdict,
    Monitor,
    Report,
    Result,
    Results,
    Retraining,
    Summary,
    Verdict,
    Verdicts,
)
from client.connection import PAGE_SIZE
from client.jobs import Jobs
from client.loops import Loops
from client.policies import Policies

__all__ = [
    "Check",
    "Evidence",
    "Group",
    "KeptSummary",
    "KeptVerdicts",
    "Monitoring",
    "Retraining",
    "Status",
    "Summary",
    "Verdict",
]

Group = Literal[
    "data_drift",
    "data_quality",
    "data_stability",
    "no_target_performance",
    "multi_class_classification",
    "regression",
]
Status = Literal["SUCCESS", "FAIL"]
Evidence = Literal["auto", "harm", "drift", "either"]
R = TypeVar("R")


class Wishes(TypedDict, total=False):
    """What else may be asked for. deployment_id: judges by that model. retrain: if a check fails, a loop
    begins.

    window: of production, all of it if left out. {"last": n}; {"since", "until"}, times in ISO format, of
    which one may be left out; or {"rows": [from, to]}, of sample_index.
    reference: what it is held against: testing, training, or another window of production, {"window": ...}.
    use_case: whose data is meant; the service's default is wine. idempotency_key: a call that is made again
    with the same key is done once, and answered the same.
    """

    deployment_id: int | None
    window: Mapping[str, object] | None
    reference: Literal["testing", "training"] | Mapping[str, object] | None
    retrain: bool
    use_case: str | None
    idempotency_key: str | None


class Monitoring(Policies, Loops, Jobs):
    """`fleet.monitoring`. Compares production with testing, by the live model if it has scored both, else by
    the newest that has.

    groups: of checks that are wanted; all if left out. wishes: see Wishes.
    All raise ConflictError if no model, or not that one, has scored both sets.
    """

    def describe(self) -> Monitor:
        """Says who judges."""
        return self._connection.get(Monitor)

    def summary(
        self, groups: Collection[Group] | None = None, **wishes: Unpack[Wishes]
    ) -> Judgement[Summary]:
        """How many checks passed."""
        return self._judge(Judgement[Summary], "summary", groups, wishes)

    def tests(self, groups: Collection[Group] | None = None, **wishes: Unpack[Wishes]) -> Judgement[Checks]:
        """Every check with its verdict."""
        return self._judge(Judgement[Checks], "tests", groups, wishes)

    def report(self, groups: Collection[Group] | None = None, **wishes: Unpack[Wishes]) -> Judgement[Report]:
        """Evidently's own metrics. groups: of the checks that decide on retraining."""
        return self._judge(Judgement[Report], "report", groups, wishes)

    def verdict(  # noqa: PLR0913  # what may be asked for
        self,
        *,
        window: Mapping[str, object] | None = None,
        reference: Literal["testing", "training"] | Mapping[str, object] | None = None,
        deployment_id: int | None = None,
        evidence: Evidence | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Verdict:
        """Whether something must be done about the live model, or another one, and why.

        window: the last 100 rows of production unless given. reference: the rows that the deployment learned
        from, and testing, unless given. Both as in Wishes. evidence: what may act; harm where the truth is
        known, drift where it is not, unless given.
        Raises ConflictError if no model is live, or nothing is known of what it predicts of the reference.
        """
        answer = self._connection.post(
            Judgement[Verdict],
            metric="verdict",
            window=window,
            reference=reference,
            deployment_id=deployment_id,
            evidence=evidence,
            use_case=use_case,
            idempotency_key=idempotency_key,
        )
        return answer.result

    def verdicts(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[ListedVerdict]:
        """The kept verdicts, the newest first; of one use case, or of all."""
        for page in self._connection.pages(Verdicts, "/verdicts", page_size, use_case=use_case):
            yield from page.verdicts

    def kept_verdict(self, verdict_id: int, *, replay: bool = False) -> Verdict:
        """A kept verdict. replay: with the decision that its figures lead to now. Raises NotFoundError."""
        return self._connection.get(Verdict, f"/verdicts/{verdict_id:d}", replay=replay or None)

    def results(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[ListedResult]:
        """The kept results, the newest first; of one use case, or of all."""
        for page in self._connection.pages(Results, "/results", page_size, use_case=use_case):
            yield from page.results

    def result(self, result_id: int) -> Result[KeptSummary | KeptVerdicts | Report]:
        """A kept result. Raises NotFoundError."""
        return self._connection.get(Result[KeptSummary | KeptVerdicts | Report], f"/results/{result_id:d}")

    def _judge(
        self, model: type[Judgement[R]], metric: str, groups: Collection[Group] | None, wishes: Wishes
    ) -> Judgement[R]:
        tests = None if groups is None else dict.fromkeys(groups, True)
        return self._connection.post(model, metric=metric, tests=tests, **wishes)
