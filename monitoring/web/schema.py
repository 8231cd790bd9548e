"""What monitoring is sent, and what it answers."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, StrictBool, WithJsonSchema
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.paging import PageAnswer, PageQuery
from fleet.web.validation import IdNumber, RequestModel, UseCaseName
from monitoring.persistence.model.policy import Evidence
from monitoring.persistence.model.window import Reference, Window
from monitoring.service.group_names import GROUP_NAMES, fitting_groups
from monitoring.web.verdict_schema import VERDICT_EXAMPLE, VerdictAnswer
from monitoring.web.window_schema import ReferenceField, WindowField

JUDGE_EXAMPLE: JsonDict = {
    "message": {
        "all_passed": False,
        "total_tests": 137,
        "success_tests": 125,
        "failed_tests": 12,
        "by_status": {"SUCCESS": 125, "FAIL": 12},
        "evidently": {"SUCCESS": 10, "FAIL": 9},
    },
    "result_id": 1,
}
LISTED_EXAMPLE: JsonDict = {
    "id": 1,
    "use_case": "wine",
    "deployment_id": 1,
    "metric": "summary",
    "groups": [*fitting_groups(classifies=True)],
    "all_passed": False,
    "created_at": "2026-01-31T12:00:05Z",
}
KNOWN_AND_WANTED: JsonDict = {
    "type": "object",
    "properties": {name: {"type": "boolean"} for name in GROUP_NAMES},
    "additionalProperties": False,
    "not": {"properties": {name: {"const": False} for name in GROUP_NAMES}},
}


def _known_and_wanted(tests: dict[str, bool]) -> dict[str, bool]:
    choices = ", ".join(GROUP_NAMES)
    unknown = [name for name in tests if name not in GROUP_NAMES]
    if unknown:
        raise ValueError(
            f"no group of checks is called {', '.join(map(repr, unknown))}; choose from {choices}"
        )
    if not any(tests.values()):
        raise ValueError(f"no group of checks is true; set at least one of {choices}, or leave 'tests' out")
    return tests


class JudgeRequest(RequestModel):
    """`POST /root/monitoring`. tests: which groups of checks are wanted; all of them if it is absent.

    deployment_id: whose predictions are judged; it must have scored both sides. window: of production; all of
    it if absent, for a verdict the last 100 rows. reference: what it is held against; testing if absent, for
    a verdict the rows that the deployment learned from as well. evidence: what may make a verdict say act.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"metric": "summary"},
                {"metric": "summary", "retrain": True},
                {"metric": "tests", "deployment_id": 1},
                {"metric": "summary", "window": {"last": 100}},
                {"metric": "verdict", "window": {"last": 500}, "evidence": "either"},
            ]
        }
    )

    metric: Literal["report", "tests", "summary", "verdict"]
    tests: (
        Annotated[dict[str, StrictBool], AfterValidator(_known_and_wanted), WithJsonSchema(KNOWN_AND_WANTED)]
        | None
    ) = None
    deployment_id: IdNumber | None = None
    window: WindowField | None = None
    reference: ReferenceField | None = None
    evidence: Evidence = "auto"
    retrain: StrictBool = False
    use_case: UseCaseName = "wine"

    def groups(self) -> list[str] | None:
        """Names of the wanted groups, in their own order; None for all."""
        if self.tests is None:
            return None
        return [name for name in GROUP_NAMES if self.tests.get(name)]

    def chosen_window(self) -> Window | None:
        """The rows of production that are meant; None for all."""
        return None if self.window is None else self.window.chosen()

    def chosen_reference(self) -> Reference | None:
        """What they are held against; None if nothing is named."""
        if self.reference is None or isinstance(self.reference, str):
            return self.reference
        return self.reference.window.chosen()


class MonitoringAnswer(AnswerModel):
    """Who judges."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "EvidentlyAI", "message": "Monitoring"}]}
    )

    name: str
    message: str


class LeftOut(AnswerModel):
    """What could not be judged without truth. column: null where it is the whole group."""

    group: str
    column: str | None
    reason: str


class Summary(AnswerModel):
    """How many checks passed. all_passed: whether all of ours did.

    evidently: how many of them are Evidently's, which decide nothing; absent without any. left_out: what was
    not judged, as no truth is known; absent if all was.
    """

    all_passed: bool
    total_tests: int
    success_tests: int
    failed_tests: int
    by_status: dict[Literal["SUCCESS", "FAIL"], int]
    evidently: dict[Literal["SUCCESS", "FAIL"], int] = {}
    left_out: list[LeftOut] = []


class Verdict(AnswerModel):
    """One check. Its limit is a number, `threshold`, or words, `condition`.

    source: whose rule it is. `evidently`: told as Evidently would, it does not count. Results that were kept
    before checks had a source have none.
    """

    group: str
    name: str
    column: str | None
    status: Literal["SUCCESS", "FAIL"]
    value: float | None
    threshold: float | None = None
    condition: str | None = None
    description: str
    source: Literal["evidently", "mlfleet"] | None = None


class Verdicts(AnswerModel):
    """Every check, and how many passed."""

    tests: list[Verdict]
    summary: Summary


class Report(AnswerModel):
    """Evidently's metrics. left_out: columns without values; failed: parts that it could not make."""

    metrics: list[dict[str, Any]]
    left_out: list[str] = []
    failed: list[str] = []


class Distribution(AnswerModel):
    """How a column's values are distributed: the bins' labels, and each side's shares in them."""

    column: str
    labels: list[str]
    reference: list[float]
    current: list[float]


class KeptSummary(Summary):
    """A summary as it is kept. drifted_columns_share: from 0 to 1, where drift was judged.

    failed: which checks that count did, up to a hundred. distributions: of up to twelve columns that moved or
    failed.
    """

    drifted_columns_share: float | None = None
    failed: list[Verdict] = []
    distributions: list[Distribution] = []


class KeptVerdicts(Verdicts):
    """Every check as it is kept. distributions: of up to twelve columns that moved or failed."""

    distributions: list[Distribution] = []


class ResultsQuery(PageQuery):
    """`GET /root/monitoring/results`. use_case: only its results."""

    use_case: UseCaseName | None = None


class ListedResult(AnswerModel):
    """A result that is kept; `groups` and `all_passed` are null for a report.

    deployment_id: whose predictions were judged; null if that deployment is gone.
    """

    id: int
    use_case: str
    deployment_id: int | None
    metric: Literal["report", "tests", "summary"]
    groups: list[str] | None
    all_passed: bool | None
    created_at: datetime


class ResultsAnswer(PageAnswer):
    """Results without what they say, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"results": [LISTED_EXAMPLE], "next_page_token": None}]}
    )

    results: list[ListedResult]


class ResultAnswer(ListedResult):
    """A result with what it says."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**LISTED_EXAMPLE, "result": JUDGE_EXAMPLE["message"]}]}
    )

    result: KeptSummary | KeptVerdicts | Report


class Retraining(AnswerModel):
    """The loop that searches for a better model; one that was under way already, if there was one."""

    message: str
    loop_id: int


class JudgeAnswer(AnswerModel):
    """The result, which is kept: a verdict among the verdicts by its verdict_id, anything else among the
    results by its result_id. retraining: if it was asked for, and the summary failed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [JUDGE_EXAMPLE, {"message": VERDICT_EXAMPLE, "verdict_id": 7}]}
    )

    message: Summary | Verdicts | Report | VerdictAnswer
    result_id: int | None = None
    verdict_id: int | None = None
    retraining: Retraining | None = None
