"""The rows of a use case from a CSV file."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import ValidationError

from db.categories import to_positions
from db.definition import Feature, FeatureType, Task, UseCase
from fleet.csv_rows import CsvError
from simulator.persistence.model.simulated_use_case import (
    ColumnSplit,
    CsvSource,
    SimulatedUseCase,
    TimeSplit,
)
from simulator.service.csv_table import CsvTable
from simulator.service.source import Floats, Indexes, Rows, Source, UnlistedNames
from simulator.service.splitter import split_by_time

SETS = ("training", "testing", "production")


def read_table(use_case: SimulatedUseCase, source: CsvSource, content: bytes) -> CsvTable:
    """The columns of the file that the definition speaks of. Raises CsvError."""
    columns = {source.target_column, *(source.column(name) for name in use_case.feature_names)}
    match use_case.split:
        case TimeSplit(column=column) | ColumnSplit(column=column):
            columns.add(column)
    return CsvTable(content, sorted(columns))


def with_registered(use_case: SimulatedUseCase, registered: UseCase | None) -> SimulatedUseCase:
    """The definition with the categories that it does not list as they are registered, if they are."""
    known = {feature.name: feature for feature in registered.features} if registered is not None else {}
    return use_case.with_features(
        tuple(
            known.get(feature.name, feature)
            if feature.type is FeatureType.CATEGORY and not feature.categories
            else feature
            for feature in use_case.features
        )
    )


def with_categories(use_case: SimulatedUseCase, known: UseCase | None, table: CsvTable) -> SimulatedUseCase:
    """The definition with every category listed: as it says, or as it is registered, or as the file has them.

    known: the registered one; its lists stay, for stored rows and trained models count by them.
    """
    return use_case.with_features(
        tuple(
            feature
            if feature.categories or feature.type is not FeatureType.CATEGORY
            else _found(feature, use_case, table)
            for feature in with_registered(use_case, known).features
        )
    )


def csv_source(use_case: SimulatedUseCase, source: CsvSource, table: CsvTable) -> Source:
    """The file's rows. Raises CsvError."""
    columns = [_values(feature, source.column(feature.name), table) for feature in use_case.features]
    features = np.column_stack(columns)
    unlisted = {
        feature.name: _unlisted(feature, table.names(source.column(feature.name)))
        for feature in use_case.features
        if feature.type is FeatureType.CATEGORY
    }
    classifies = use_case.task is Task.CLASSIFICATION
    target = table.targets(source.target_column, classes=classifies)
    return Source(
        count=len(table),
        classes=target.astype(np.int64) if classifies else None,
        rows=lambda index: Rows(features[index], target[index]),
        sets=_sets(use_case, table),
        unlisted={name: found for name, found in unlisted.items() if found.names},
    )


def _found(feature: Feature, use_case: SimulatedUseCase, table: CsvTable) -> Feature:
    column = use_case.source.column(feature.name) if isinstance(use_case.source, CsvSource) else feature.name
    names = sorted(set(table.names(column)) - {""})
    if not names:
        raise CsvError(f"column {column!r} is empty, so it has no categories")
    try:
        return Feature(name=feature.name, type=feature.type, categories=tuple(names))
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise CsvError(f"column {column!r} cannot be a category: {reason}") from error


def _values(feature: Feature, column: str, table: CsvTable) -> Floats:
    if feature.type is not FeatureType.CATEGORY:
        return table.numbers(column, whole=feature.type is FeatureType.INTEGER)
    names = table.names(column)
    positions = to_positions(feature.categories, names)
    if np.isnan(positions).all() and any(names):
        raise CsvError(f"no row of column {column!r} has one of the categories of '{feature.name}'")
    return positions


def _unlisted(feature: Feature, names: Sequence[str]) -> UnlistedNames:
    others = tuple(sorted(set(names) - set(feature.categories) - {""}))
    return UnlistedNames(others, to_positions(others, names) + len(feature.categories))


def _sets(use_case: SimulatedUseCase, table: CsvTable) -> Mapping[str, Indexes] | None:
    match use_case.split:
        case TimeSplit(column=column):
            return split_by_time(table.moments(column))
        case ColumnSplit(column=column):
            named = np.array(table.one_of(column, SETS))
            sets = {name: np.flatnonzero(named == name) for name in SETS}
            empty = [name for name, rows in sets.items() if not len(rows)]
            if empty:
                raise CsvError(f"column {column!r} puts no row into {', '.join(empty)}")
            return sets
    return None
