"""Samples of a stored set, scored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What a model says of samples; each (rows,), or no probabilities."""

    sample_index: npt.NDArray[np.int64]
    labels: Floats
    probabilities: Floats | None

    def __len__(self) -> int:
        return len(self.labels)

    def blocks(self, rows: int) -> Iterator["Scored"]:
        """The same, some rows at a time."""
        for start in range(0, len(self), rows):
            part = slice(start, start + rows)
            probabilities = None if self.probabilities is None else self.probabilities[part]
            yield Scored(self.sample_index[part], self.labels[part], probabilities)


def in_order(parts: Sequence[Scored]) -> Scored:
    """All of them together, by sample_index. At least one."""
    numbers = np.concatenate([part.sample_index for part in parts])
    order = np.argsort(numbers, kind="stable")
    known = [part.probabilities for part in parts if part.probabilities is not None]
    return Scored(
        sample_index=numbers[order],
        labels=np.concatenate([part.labels for part in parts])[order],
        probabilities=np.concatenate(known)[order] if known else None,
    )
