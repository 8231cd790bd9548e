"""A result as a page for people: its verdicts, or its figures, as a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from monitoring.web.picture import picture
from monitoring.web.schema import KeptSummary, KeptVerdicts, Report, ResultAnswer, Summary, Verdict

PAGES = Path(__file__).parent / "pages"
EVIDENTLY = "evidently"
CHECK_COLUMNS = ("group", "check", "column", "verdict", "value", "limit", "", "")


@dataclass(frozen=True)
class Table:
    """What the page shows. rows: cells in the order of the columns."""

    heading: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...] = ()


def result_page(found: ResultAnswer) -> str:
    """The page, as HTML; it loads nothing."""
    table = _table(found.result)
    pictures = [] if isinstance(found.result, Report) else list(map(picture, found.result.distributions))
    return _template().render(result=found, pictures=pictures, **vars(table))


def _table(result: KeptSummary | KeptVerdicts | Report) -> Table:
    if isinstance(result, KeptVerdicts):
        return _verdicts(result)
    if isinstance(result, Report):
        return _report(result)
    return _summary(result)


def _verdicts(result: KeptVerdicts) -> Table:
    return Table(_heading(result.summary), CHECK_COLUMNS, _checks(result.tests), _notes(result.summary))


def _summary(result: KeptSummary) -> Table:
    notes = _notes(result)
    if result.drifted_columns_share is not None:
        share = f"{result.drifted_columns_share:.0%} of the columns have drifted, by Evidently's rule."
        notes = (share, *notes)
    if result.failed:
        return Table(_heading(result), CHECK_COLUMNS, _checks(result.failed), notes)
    rows: list[tuple[Any, ...]] = [("SUCCESS", result.success_tests), ("FAIL", result.failed_tests)]
    return Table(_heading(result), ("verdict", "checks"), rows, notes)


def _checks(tests: Sequence[Verdict]) -> list[tuple[Any, ...]]:
    """What failed first, of the whole set before single columns, then what failed without deciding."""
    order = sorted(
        tests, key=lambda test: (test.status != "FAIL", test.source == EVIDENTLY, bool(test.column))
    )
    return [
        (
            test.group,
            test.name,
            test.column or "",
            "ASIDE" if test.source == EVIDENTLY and test.status == "FAIL" else test.status,
            "" if test.value is None else test.value,
            test.condition if test.threshold is None else test.threshold,
            test.description,
            "Evidently's, decides nothing" if test.source == EVIDENTLY else "",
        )
        for test in order
    ]


def _notes(summary: Summary) -> tuple[str, ...]:
    theirs = summary.evidently
    if not theirs:
        return _left_out(summary)
    told = f"Of Evidently's own {sum(theirs.values())}, which decide nothing, {theirs.get('FAIL', 0)} failed."
    return (told, *_left_out(summary))


def _left_out(summary: Summary) -> tuple[str, ...]:
    return tuple(
        f"Left out: {each.column or 'all'} in {each.group}. {each.reason}." for each in summary.left_out
    )


def _report(result: Report) -> Table:
    rows = [
        (metric.get("metric_name", ""), name, value)
        for metric in result.metrics
        for name, value in _figures(metric.get("value"))
    ]
    notes = [f"Columns without values, left out: {', '.join(result.left_out)}."] if result.left_out else []
    notes += [f"Evidently could not make: {', '.join(result.failed)}."] if result.failed else []
    return Table("Evidently's figures", ("metric", "of", "value"), rows, tuple(notes))


def _figures(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The single figures of a metric's value, which may hold values by name, by class or in lists."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _figures(item, f"{name} {key}".strip())
    else:
        yield name, "" if value is None else value


def _heading(summary: Summary) -> str:
    return f"{summary.success_tests} of {summary.total_tests} checks passed"


@cache
def _template() -> Template:
    return Environment(loader=FileSystemLoader(PAGES), autoescape=True).get_template("result.html")
