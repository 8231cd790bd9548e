"""A result as a page for people: its verdicts, or its figures, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from monitoring.web.schema import KeptSummary, Report, ResultAnswer, Summary, Verdicts

PAGES = Path(__file__).parent / "pages"


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
    return _template().render(result=found, **vars(table))


def _table(result: KeptSummary | Verdicts | Report) -> Table:
    if isinstance(result, Verdicts):
        return _verdicts(result)
    if isinstance(result, Report):
        return _report(result)
    return _summary(result)


def _verdicts(result: Verdicts) -> Table:
    rows = [
        (
            test.group,
            test.name,
            test.column or "",
            test.status,
            "" if test.value is None else test.value,
            test.condition if test.threshold is None else test.threshold,
            test.description,
        )
        for test in result.tests
    ]
    columns = ("group", "check", "column", "verdict", "value", "limit", "")
    return Table(_heading(result.summary), columns, rows, _left_out(result.summary))


def _summary(result: KeptSummary) -> Table:
    rows: list[tuple[Any, ...]] = [("SUCCESS", result.success_tests), ("FAIL", result.failed_tests)]
    notes = _left_out(result)
    if result.drifted_columns_share is not None:
        notes = (f"{result.drifted_columns_share:.0%} of the columns have drifted.", *notes)
    return Table(_heading(result), ("verdict", "checks"), rows, notes)


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
