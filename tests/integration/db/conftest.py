"""A small use case that is registered in the test's database."""

import numpy as np
import pytest
from sqlalchemy.orm import Session

from db.copying import copy_in
from db.definition import Feature, FeatureType, Task, UseCase
from db.tables import UseCaseTables, use_case_tables
from db.use_cases import DATASETS, register_use_case
from tests.conftest import Sessions

TEA = UseCase(
    name="tea",
    task=Task.REGRESSION,
    target="minutes",
    features=(Feature(name="heat"), Feature(name="cups", type=FeatureType.INTEGER)),
)


@pytest.fixture
def tea(sessions: Sessions) -> UseCase:
    """A use case with a double and an integer feature; its sets have names and no rows."""
    with sessions() as session:
        tables = register_use_case(session, TEA)
        rows = [{"dataset_id": number, "name": name} for name, number in DATASETS.items()]
        session.execute(tables.datasets.insert(), rows)
        session.commit()
    return TEA


@pytest.fixture
def tables(tea: UseCase) -> UseCaseTables:
    """The tables of tea."""
    return use_case_tables(tea)


def store_samples(session: Session, tables: UseCaseTables, dataset_id: int, index: list[int]) -> None:
    """Samples of a set in this order, `heat` being half the index and `cups` twice; each has a target."""
    numbers = np.array(index)
    copy_in(
        session,
        tables.samples,
        [
            {
                "dataset_id": np.full(len(numbers), dataset_id),
                "sample_index": numbers,
                "heat": numbers / 2,
                "cups": numbers * 2,
                "origin": np.full(len(numbers), b"simulated"),
            }
        ],
    )
    copy_in(
        session,
        tables.targets,
        [{"sample_index": numbers, "target_index": numbers, "class": numbers + 0.25}],
    )
