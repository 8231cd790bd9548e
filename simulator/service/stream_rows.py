"""The rows of a stream: any part of them can be made, and is the same each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from db.definition import Feature, FeatureType
from simulator.service.fouling import (
    HEAVY,
    Floats,
    Fouling,
    Level,
    foul,
    foul_as_reference,
    refuse_inexact,
    swap_labels,
)
from simulator.service.known_use_cases import OpenedUseCase
from simulator.service.resampling import Resampler
from simulator.service.source import Indexes
from simulator.service.unlisted import with_unlisted

MOST_SOURCE_ROWS = 200_000  # that are drawn from; of a larger source a part
BLOCK_ROWS = 1000  # about how many are made, and fouled, together
REQUESTS_PER_S = 10
MOST_BATCH_ROWS = 1000
ROUNDING = 1e-9  # of ten times 0.1, say

Cell = float | int | str | None


@dataclass(frozen=True)
class Labels:
    """Which truth follows. share: of the rows; delay_s: how long after their prediction."""

    share: float = 0.0
    delay_s: float = 0.0


@dataclass(frozen=True)
class Stream:
    """What is asked for.

    rate: rows a second. rows: how many in all. seed: of the rows, not of their fouling.
    """

    use_case: str
    rate: float
    rows: int
    seed: int
    fouling: Fouling | Level = "none"
    labels: Labels = Labels()

    @property
    def batch_rows(self) -> int:
        """Rows of a request: one, unless they are so many a second that requests would be too many."""
        return min(MOST_BATCH_ROWS, max(1, round(self.rate / REQUESTS_PER_S)))

    @property
    def batches(self) -> int:
        """How many requests it takes."""
        return -(-self.rows // self.batch_rows)

    def batch(self, number: int) -> range:
        """Which rows that batch has. number: from 0."""
        start = number * self.batch_rows
        return range(start, min(start + self.batch_rows, self.rows))


def read_stream(arguments: Mapping[str, Any]) -> Stream:
    """The stream of a job, whose arguments are its fields, ready for JSON."""
    return TypeAdapter(Stream).validate_python(arguments)


@dataclass(frozen=True)
class StreamedRows:
    """Rows as they are sent. cells: by row, None where missing, categories by name.

    truths: by row; None for those whose truth is not told.
    """

    cells: list[list[Cell]]
    truths: list[float | None]


class StreamRows:
    """Makes a stream's rows out of all of a use case's own, of whatever set."""

    def __init__(self, opened: OpenedUseCase, stream: Stream) -> None:
        self._use_case, self._stream = opened.use_case, stream
        source, sets = opened.divided.source, opened.divided.sets
        random = np.random.default_rng(stream.seed)
        parts = {name: _part(index, source.count, random) for name, index in sets.items()}
        rows = {name: source.rows(index) for name, index in parts.items()}
        self._training = rows["training"].features
        index = np.concatenate([*parts.values()])
        features = np.concatenate([each.features for each in rows.values()])
        classes = None if source.classes is None else source.classes[index]
        self._classes = None if classes is None else np.unique(classes)
        self._resampler = Resampler(
            with_unlisted(features, index, source.unlisted, self._use_case.feature_names),
            np.concatenate([each.target for each in rows.values()]),
            self._use_case.features,
            classes,
        )
        self._names = [
            (*feature.categories, *(source.unlisted[name].names if name in source.unlisted else ()))
            for name, feature in zip(self._use_case.feature_names, self._use_case.features, strict=True)
        ]
        # A batch lies within one block.
        self._block_rows = -(-BLOCK_ROWS // stream.batch_rows) * stream.batch_rows
        self._made: tuple[int, Floats, Floats] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """What the cells of a row are called."""
        return self._use_case.feature_names

    def check(self) -> None:
        """Make the first rows, and the last, which may have drifted most.

        Raises UnknownColumnError, BeyondNumbersError, NoClassesError.
        """
        for row in (0, self._stream.rows - 1):
            self._block(row // self._block_rows)

    def rows(self, wanted: range) -> StreamedRows:
        """The rows with these numbers, of one batch."""
        number = wanted.start // self._block_rows
        features, target = self._block(number)
        part = slice(wanted.start - number * self._block_rows, wanted.stop - number * self._block_rows)
        columns = [
            _cells(feature, values, names)
            for feature, values, names in zip(
                self._use_case.features, features[part].T, self._names, strict=True
            )
        ]
        told = _spread_evenly(wanted, self._stream.labels.share)
        truths = [
            value if is_told else None for value, is_told in zip(target[part].tolist(), told, strict=True)
        ]
        return StreamedRows([list(row) for row in zip(*columns, strict=True)], truths)

    def _block(self, number: int) -> tuple[Floats, Floats]:
        if self._made is None or self._made[0] != number:
            start = number * self._block_rows
            count = min(self._block_rows, self._stream.rows - start)
            drawn = self._resampler.draw(count, np.random.default_rng([self._stream.seed, number]))
            positions = (start + np.arange(count)) / max(1, self._stream.rows - 1)
            self._made = number, *self._fouled(*drawn, number, positions)
        return self._made[1:]

    def _fouled(
        self, features: Floats, target: Floats, block: int, positions: Floats
    ) -> tuple[Floats, Floats]:
        fouling, use_case = self._stream.fouling, self._use_case
        if isinstance(fouling, Fouling) or fouling == "heavy":
            asked = fouling if isinstance(fouling, Fouling) else HEAVY
            seed = np.random.SeedSequence([asked.seed, block]).generate_state(1)[0]
            own = replace(asked, seed=int(seed))
            names, counts = use_case.feature_names, use_case.category_counts
            features = foul(features, self._training, names, own, counts, positions=positions)
            target = swap_labels(target, self._classes, own, positions)
        elif fouling == "reference":
            features = foul_as_reference(features, use_case.category_counts, block=block)
        refuse_inexact(features, use_case.features)
        return features, target


def _part(index: Indexes, count: int, random: np.random.Generator) -> Indexes:
    """These rows, or of so many that all would take too much memory some, in their order."""
    if count <= MOST_SOURCE_ROWS:
        return index
    wanted = max(1, len(index) * MOST_SOURCE_ROWS // count)
    return index[np.sort(random.choice(len(index), size=wanted, replace=False))]


def _cells(feature: Feature, values: Floats, names: Sequence[str]) -> list[Cell]:
    known = ~np.isnan(values)
    told: list[Cell] = [None] * len(values)
    for place in np.flatnonzero(known):
        value = float(values[place])
        if feature.type is FeatureType.CATEGORY:
            told[place] = names[int(value)]
        else:
            told[place] = round(value) if feature.type is FeatureType.INTEGER else value
    return told


def _spread_evenly(rows: range, share: float) -> npt.NDArray[np.bool_]:
    """Which of these rows are of a share of all, such that it is right after any number of rows."""
    ends = np.arange(rows.start, rows.stop + 1)
    told: npt.NDArray[np.bool_] = np.diff(np.floor(ends * share + ROUNDING)) > 0
    return told
