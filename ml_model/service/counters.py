"""Who is told what is done."""

from collections.abc import Mapping

from ml_model.persistence.model.live_rows import FeedbackOutcome


class Counters:
    """Counts nothing."""

    def predicted(self, use_case: str, classes: Mapping[int, int]) -> None:
        """Predictions that were stored, by class."""

    def stored(self, use_case: str, rows: int, classes: Mapping[int, int]) -> None:
        """Live rows that were stored, and how often each class was predicted."""

    def lost(self, use_case: str, rows: int) -> None:
        """Live rows that are not stored, and will not be."""

    def waiting(self, rows: int) -> None:
        """How many rows of this process wait to be stored."""

    def told(self, use_case: str, outcome: FeedbackOutcome) -> None:
        """What became of feedback."""
