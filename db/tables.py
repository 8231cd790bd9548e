"""The four tables of a use case, made from its definition."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.types import TypeEngine

from db.definition import FeatureType, Task, UseCase

# Live rows are numbered from here; simulated ones keep the row number of their source, far below.
FIRST_LIVE_INDEX = 1_000_000_000

COLUMN_TYPES: dict[FeatureType, type[TypeEngine[Any]]] = {
    FeatureType.NUMBER: Double,
    FeatureType.INTEGER: BigInteger,
    FeatureType.CATEGORY: Text,
}
CLASS_TYPES: dict[Task, type[TypeEngine[float]] | type[TypeEngine[int]]] = {
    Task.CLASSIFICATION: Integer,
    Task.REGRESSION: Double,
}


_describing = threading.Lock()  # lru_cache lets two threads make two of one


@dataclass(frozen=True)
class UseCaseTables:
    """The tables of one use case, in a PostgreSQL schema of its name."""

    metadata: MetaData
    datasets: Table
    samples: Table
    targets: Table
    predictions: Table
    live_index: Sequence


def use_case_tables(use_case: UseCase) -> UseCaseTables:
    """Describe the tables; nothing is created.

    Always the same objects, in every thread: tables of two descriptions cannot be joined.
    """
    with _describing:
        return _described(use_case)


@lru_cache(maxsize=64)
def _described(use_case: UseCase) -> UseCaseTables:
    metadata = MetaData(schema=use_case.name)
    return UseCaseTables(
        metadata=metadata,
        datasets=_datasets(metadata),
        samples=_samples(metadata, use_case),
        targets=_targets(metadata, use_case),
        predictions=_predictions(metadata, use_case),
        live_index=Sequence(
            "live_sample_index", start=FIRST_LIVE_INDEX, metadata=metadata, data_type=BigInteger
        ),
    )


def _datasets(metadata: MetaData) -> Table:
    return Table(
        "datasets",
        metadata,
        Column("dataset_id", Integer, primary_key=True, autoincrement=False, comment="1, 2 or 3"),
        Column("name", Text, nullable=False, unique=True, comment="training, testing or production"),
        comment="The sets that a use case's samples are divided into",
    )


def _samples(metadata: MetaData, use_case: UseCase) -> Table:
    features = [
        Column(feature.name, COLUMN_TYPES[feature.type], comment="feature; null where it is missing")
        for feature in use_case.features
    ]
    dataset = ForeignKey(f"{use_case.name}.datasets.dataset_id", ondelete="CASCADE")
    return Table(
        "samples",
        metadata,
        Column("sample_id", BigInteger, Identity(), primary_key=True),
        Column("dataset_id", Integer, dataset, nullable=False, comment="the set that the sample belongs to"),
        Column("sample_index", BigInteger, nullable=False, unique=True, comment="row number in the source"),
        *features,
        Column("origin", Text, nullable=False, server_default="live", comment="simulated, or live"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        CheckConstraint("origin IN ('simulated', 'live')", name="origin_is_known"),
        Index("samples_by_set", "dataset_id", "sample_id"),
        Index("samples_by_time", "created_at"),
        comment="One row a sample, one column a feature",
    )


def _sample_reference(use_case: UseCase) -> ForeignKey:
    return ForeignKey(f"{use_case.name}.samples.sample_index", ondelete="CASCADE")


def _targets(metadata: MetaData, use_case: UseCase) -> Table:
    return Table(
        "targets",
        metadata,
        Column("target_id", BigInteger, Identity(), primary_key=True),
        Column("sample_index", BigInteger, _sample_reference(use_case), nullable=False, unique=True),
        Column("target_index", BigInteger, nullable=False, comment="the same as sample_index"),
        Column("class", CLASS_TYPES[use_case.task], nullable=False, comment="what was really observed"),
        comment="The truth about a sample, where it is known",
    )


def _predictions(metadata: MetaData, use_case: UseCase) -> Table:
    return Table(
        "predictions",
        metadata,
        Column("prediction_id", BigInteger, Identity(), primary_key=True),
        Column("sample_index", BigInteger, nullable=False, comment="a sample's, which db.integrity sees to"),
        Column("prediction_index", BigInteger, nullable=False, comment="the same as sample_index"),
        Column("class", CLASS_TYPES[use_case.task], nullable=False, comment="what the model predicted"),
        Column("probability", Double, comment="of the predicted class, where the model gives one"),
        Column("deployment_id", BigInteger, nullable=False, comment="the model that predicted; likewise"),
        Column("predicted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        # In this order it also finds what a deployment has predicted, and takes a whole set at its end.
        UniqueConstraint("deployment_id", "sample_index", name="one_prediction_per_deployment"),
        comment="One prediction per sample and deployment",
    )
