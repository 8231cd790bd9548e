"""What a stream has sent."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SentBatch:
    """A batch whose truths are to follow.

    first_index: sample_index of its first row. truths: by row, None where none is.
    """

    batch: int
    first_index: int
    truths: Sequence[float | None]

    @property
    def labels(self) -> dict[int, float]:
        """The truths by sample_index."""
        numbered = enumerate(self.truths, self.first_index)
        return {number: truth for number, truth in numbered if truth is not None}


@dataclass(frozen=True)
class SentSoFar:
    """batches: how many; rows: of those that were answered; in_doubt: rows of those that were not.

    labels, labels_unknown: truths that were stored, and that found no sample; labels_due: still to follow.
    first_index, last_index: of what was stored; None if nothing was.
    """

    batches: int = 0
    rows: int = 0
    in_doubt: int = 0
    labels: int = 0
    labels_unknown: int = 0
    labels_due: bool = False
    first_index: int | None = None
    last_index: int | None = None
