"""What the service does with the parts it is given."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pytest

from db.definition import Feature, Task, UseCase
from db.live import NothingLiveError
from fleet.caller import Caller
from fleet.errors import ConflictError
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.judged_sets import JudgedSets
from monitoring.persistence.model.loop import Loop
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.model.result import KeptResult, LastVerdict, Result, WholeResult
from monitoring.persistence.model.window import Reference, Window
from monitoring.persistence.repository.loops import LoopInFlightError
from monitoring.persistence.repository.results import ResultNotFoundError
from monitoring.service.group_names import GROUP_NAMES, fitting_groups
from monitoring.service.groups import GROUPS
from monitoring.service.monitoring import MonitoringService, UnfitGroupError
from monitoring.service.retraining import Retraining
from tests.callers import ALICE

FRAME = pd.DataFrame({"a": [1.0], "target": [1], "prediction": [1]})


class FakeSamples:
    """One use case with both sets scored by deployment 7."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def find(self, name: str) -> UseCase:
        return UseCase(name=name, task=self._task, target="kind", features=(Feature(name="a"),))

    def read(
        self,
        use_case: UseCase,
        asked: int | None = None,
        *,
        window: Window | None = None,
        reference: Reference = "testing",
    ) -> JudgedSets:
        classifies = use_case.task is Task.CLASSIFICATION
        return JudgedSets(asked or 7, FRAME, FRAME, use_case.feature_names, classifies)


class FakeResults:
    def __init__(self) -> None:
        self.added: list[Result] = []

    def add(self, result: Result) -> int:
        self.added.append(result)
        return len(self.added)

    def page(self, asked: PageRequest, *, use_case: str | None = None) -> Page[KeptResult]:
        return Page([], None)

    def find(self, result_id: int) -> WholeResult:
        raise ResultNotFoundError(result_id)

    def last_verdicts(self) -> list[LastVerdict]:
        return []


class FakeWork:
    """A unit of work that remembers whether it was committed."""

    def __init__(self, task: Task = Task.CLASSIFICATION) -> None:
        self.samples = FakeSamples(task)
        self.results = FakeResults()
        self.commits = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def commit(self) -> None:
        self.commits += 1


class FakeEvidence:
    """Verdicts that all pass, or do not."""

    def __init__(self, *, all_passed: bool) -> None:
        self._all_passed = all_passed
        self.groups: list[str] = []
        self.reports = 0

    def run_tests(self, sets: JudgedSets, groups: Sequence[str]) -> dict[str, Any]:
        self.groups = list(groups)
        status = "SUCCESS" if self._all_passed else "FAIL"
        tests = [{"group": name, "name": "check", "status": status, "source": "mlfleet"} for name in groups]
        return {"tests": tests, "summary": {"all_passed": self._all_passed}, "distributions": []}

    def run_report(self, sets: JudgedSets) -> dict[str, Any]:
        self.reports += 1
        return {"metrics": []}


class FakeLoops:
    """in_flight: the loop that is under way. live: whether there is a model to begin one for."""

    def __init__(self, in_flight: int | None, *, live: bool) -> None:
        self._in_flight = in_flight
        self._live = live
        self.calls: list[tuple[str, Caller]] = []

    def begin(self, use_case: str, *, caller: Caller) -> Loop:
        self.calls.append((use_case, caller))
        if not self._live:
            raise NothingLiveError(use_case)
        if self._in_flight is not None:
            raise LoopInFlightError(use_case, self._in_flight)
        moment = datetime(2026, 1, 31, tzinfo=UTC)
        return Loop(
            id=4,
            use_case=use_case,
            verdict_id=None,
            policy=Policy(),
            champion_id=1,
            challenger_id=None,
            snapshot_id=None,
            step="judge",
            outcome=None,
            reason=None,
            job_id="job",
            started_at=moment,
            ended_at=None,
            actor=caller.name,
        )


class Parts:
    def __init__(
        self,
        *,
        all_passed: bool = False,
        in_flight: int | None = None,
        live: bool = True,
        task: Task = Task.CLASSIFICATION,
    ) -> None:
        self.work = FakeWork(task)
        self.evidence = FakeEvidence(all_passed=all_passed)
        self.loops = FakeLoops(in_flight, live=live)
        self.service = MonitoringService(lambda: self.work, self.evidence, self.loops)


def test_every_group_has_a_name_that_requests_know() -> None:
    assert tuple(GROUPS) == GROUP_NAMES


def test_tests_are_answered_and_kept_with_their_groups() -> None:
    parts = Parts(all_passed=True)
    answer = parts.service.judge("tests", "wine", ["data_drift"], caller=ALICE)
    check = {"group": "data_drift", "name": "check", "status": "SUCCESS", "source": "mlfleet"}
    expected = {"tests": [check], "summary": {"all_passed": True}}
    assert (answer.result_id, answer.result, answer.retraining) == (1, expected, None)
    assert parts.work.results.added == [Result("wine", 7, "tests", expected, ["data_drift"], all_passed=True)]
    assert parts.work.commits == 1


def test_the_summary_is_of_all_groups_unless_some_are_named() -> None:
    parts = Parts()
    assert parts.service.judge("summary", "wine", caller=ALICE).result == {"all_passed": False}
    assert parts.evidence.groups == list(fitting_groups(classifies=True))


def test_the_deployment_that_is_named_is_judged() -> None:
    parts = Parts()
    parts.service.judge("summary", "wine", caller=ALICE, deployment_id=3)
    assert [result.deployment_id for result in parts.work.results.added] == [3]


def test_a_report_is_kept_without_groups_and_verdict() -> None:
    parts = Parts()
    assert parts.service.judge("report", "wine", caller=ALICE).result == {"metrics": []}
    assert parts.work.results.added == [Result("wine", 7, "report", {"metrics": []})]
    assert parts.evidence.groups == []


@pytest.mark.parametrize("metric", ["tests", "summary", "report"])
def test_a_loop_is_begun_when_a_check_fails(metric: Any) -> None:
    parts = Parts(all_passed=False)
    answer = parts.service.judge(metric, "wine", retrain_on_failure=True, caller=ALICE)
    assert answer.retraining == Retraining("Loop 4 was begun: GET /root/monitoring/loops/4", 4)
    assert parts.loops.calls == [("wine", ALICE)]


def test_the_model_is_left_alone_when_all_checks_pass() -> None:
    parts = Parts(all_passed=True)
    assert parts.service.judge("summary", "wine", retrain_on_failure=True, caller=ALICE).retraining is None
    assert parts.loops.calls == []


def test_the_model_is_left_alone_unless_retraining_is_asked_for() -> None:
    parts = Parts(all_passed=False)
    parts.service.judge("summary", "wine", caller=ALICE)
    assert parts.loops.calls == []


def test_a_loop_that_is_under_way_is_the_answer() -> None:
    parts = Parts(in_flight=3)
    answer = parts.service.judge("summary", "wine", retrain_on_failure=True, caller=ALICE)
    assert answer.retraining == Retraining("Loop 3 is under way already: GET /root/monitoring/loops/3", 3)


def test_the_verdict_is_kept_and_answered_when_nothing_is_live() -> None:
    parts = Parts(live=False)
    with pytest.raises(NothingLiveError) as caught:
        parts.service.judge("summary", "wine", retrain_on_failure=True, caller=ALICE)
    body = caught.value.body()
    assert (caught.value.status, body["code"]) == (409, "nothing_live")
    assert (body["result_id"], body["result"]) == (1, {"all_passed": False})
    assert parts.work.commits == 1


def test_a_regression_use_case_has_no_classification_group() -> None:
    parts = Parts(task=Task.REGRESSION)
    parts.service.judge("summary", "fire_brigade", caller=ALICE)
    assert parts.evidence.groups == [name for name in GROUP_NAMES if name != "multi_class_classification"]
    with pytest.raises(UnfitGroupError, match="multi_class_classification"):
        parts.service.judge("summary", "fire_brigade", ["multi_class_classification"], caller=ALICE)


def test_nothing_is_kept_when_there_is_nothing_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Parts()

    def refuse(use_case: UseCase, asked: int | None, **_: Any) -> JudgedSets:
        raise ConflictError("not scored", "score it")

    monkeypatch.setattr(parts.work.samples, "read", refuse)
    with pytest.raises(ConflictError):
        parts.service.judge("summary", "wine", caller=ALICE)
    assert parts.work.results.added == []
