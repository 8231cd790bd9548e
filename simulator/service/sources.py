"""Where the rows of a use case come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_wine

from db.definition import Task
from fleet.csv_rows import CsvError
from simulator.persistence.model.simulated_use_case import (
    BundledSource,
    CsvSource,
    SimulatedUseCase,
    SyntheticSource,
)
from simulator.service.csv_source import csv_source
from simulator.service.csv_table import CsvTable
from simulator.service.source import Floats, Indexes, Rows, Source
from simulator.service.splitter import split_rows

INFORMATIVE_SHARE = 0.6
ROW_BYTES, VALUE_BYTES = 80, 12  # that a row, and each of its values, takes while a set is loaded
CENTRE_DEVIATION = 1.25  # near enough that no model tells all rows apart


def open_source(use_case: SimulatedUseCase, table: CsvTable | None = None) -> Source:
    """The source that the definition names. table: of a CSV file. Raises CsvError."""
    match use_case.source:
        case BundledSource():
            return _wine(use_case)
        case SyntheticSource() as source:
            return _synthetic(source, use_case.task, len(use_case.features))
        case CsvSource() as source:
            if table is None:
                raise CsvError("it is not there")
            return csv_source(use_case, source, table)


@dataclass(frozen=True)
class DividedSource:
    """A source, and the row numbers of the three sets."""

    source: Source
    sets: Mapping[str, Indexes]


def divide(use_case: SimulatedUseCase, table: CsvTable | None = None) -> DividedSource:
    """Open the source of a use case and split its rows. Raises CsvError."""
    source = open_source(use_case, table)
    if source.sets is not None:
        return DividedSource(source, source.sets)
    try:
        return DividedSource(source, split_rows(source.count, source.classes))
    except ValueError as error:  # a class with too few rows
        raise CsvError(f"its rows cannot be divided: {error}") from error


def memory_needed(source: SyntheticSource, features: int) -> int:
    """About how many bytes it takes to load the largest set of made-up rows, as measured."""
    return source.rows * (ROW_BYTES + round(VALUE_BYTES * features))


def _wine(use_case: SimulatedUseCase) -> Source:
    frame, target = load_wine(return_X_y=True, as_frame=True)
    frame.columns = [name.replace("/", "__") for name in frame.columns]
    features = frame[list(use_case.feature_names)].to_numpy(dtype=float)
    classes = target.to_numpy(dtype=np.int64)
    return Source(len(classes), classes, lambda index: Rows(features[index], classes[index].astype(float)))


def _synthetic(source: SyntheticSource, task: Task, features: int) -> Source:
    """Gaussian clouds, one a class: quick to make, also by the million.

    Only a share of the features tells the classes apart, or determines the number; the others are noise.
    """
    random = np.random.default_rng(source.seed)
    informative = max(1, round(INFORMATIVE_SHARE * features))
    if task is Task.REGRESSION:
        weights = random.standard_normal(informative)

        def numbers(index: Indexes) -> Rows:
            noise, values = _draws(source.seed, index, features)
            return Rows(values, values[:, :informative] @ weights + noise)

        return Source(source.rows, None, numbers)

    classes = random.permutation(np.arange(source.rows) % source.classes)
    centres = random.normal(0, CENTRE_DEVIATION, (source.classes, informative))

    def clouds(index: Indexes) -> Rows:
        _, values = _draws(source.seed, index, features)
        values[:, :informative] += centres[classes[index]]
        return Rows(values, classes[index].astype(float))

    return Source(source.rows, classes, clouds)


def _draws(seed: int, index: Indexes, features: int) -> tuple[Floats, Floats]:
    """Standard normal numbers for these rows: one a row, and one a row and feature."""
    random = np.random.default_rng([seed, *index[:1]])
    return random.standard_normal(len(index)), random.standard_normal((len(index), features))
