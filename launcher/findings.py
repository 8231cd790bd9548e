"""What the demo found, in the words that its table shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from client.ml_model import Score
from client.monitoring import Check, Summary


@dataclass
class Section:
    """A part of the table: its heading, what stands beside that, and a text by label."""

    heading: str
    value: str = ""
    rows: dict[str, str] = field(default_factory=dict)


@dataclass
class Findings:
    """What the demo shows at its end, in the order in which it was found."""

    title: str
    sections: list[Section] = field(default_factory=list)

    def section(self, heading: str, value: str = "") -> Section:
        """The section of that heading, which is a new one at the end if there is none."""
        for section in self.sections:
            if section.heading == heading:
                return section
        self.sections.append(Section(heading, value))
        return self.sections[-1]

    def table(self) -> Table:
        """The same every time: it shows no times, no ids and no machine."""
        table = Table("", "", title=self.title, title_justify="left", show_header=False)
        for section in self.sections:
            table.add_section()
            table.add_row(section.heading, f"[bold]{section.value}[/]" if section.value else "")
            for label, text in section.rows.items():
                table.add_row(f"  {label}", text)
        return table


def score_text(score: Score) -> str:
    """How well a model did: its accuracy, or R² and the mean error in units of the target."""
    if score.score is None:
        return "unknown"
    if "r2" in score.metrics:
        return f"R² {score.score:.3f}, MAE {score.metrics['mae']:.2f}"
    return f"{score.score:.2%}"


def drift_outcome(checks: Sequence[Check]) -> str:
    """In words, what monitoring's checks of the group data_drift say."""
    overall = next(check for check in checks if check.name == "share_of_drifted_columns")
    columns = [check for check in checks if check.name == "column_drift"]
    drifted = sum(check.status == "FAIL" for check in columns)
    word = "no drift" if overall.status == "SUCCESS" else "DRIFT"
    return f"{word}: {drifted} of {len(columns)} columns"


def overall_outcome(summary: Summary) -> str:
    """In words, monitoring's summary of all groups."""
    word = "passed" if summary.all_passed else "failed"
    return f"{word}: {summary.success_tests} of {summary.total_tests} tests passed"


def retraining_outcome(retraining: Score | None, *, asked: bool) -> str:
    """In words, whether monitoring had the model trained again."""
    if not asked:
        return "not asked for"
    if retraining is None:
        return "not needed"
    return f"retrained, training score {score_text(retraining)}"
