"""Made-up records look like published ones, say that they are not, and have something to learn in them."""

import numpy as np
import pandas as pd
import pytest

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.persistence.repository.tables import SHIPPED, read_stations
from fire_brigade.service.build_features import Bands, make_features
from fire_brigade.service.made_up_records import UNKNOWN_STATION, MadeUpRecords, make_records

COUNT = 5000


@pytest.fixture(scope="module")
def records() -> MadeUpRecords:
    return make(42)


def make(seed: int) -> MadeUpRecords:
    random = np.random.default_rng(seed)
    return make_records(read_stations(SHIPPED), COUNT, years=(2022, 2023), random=random)


def test_they_have_the_published_columns(records: MadeUpRecords) -> None:
    assert tuple(records.incidents) == INCIDENT_COLUMNS
    assert tuple(records.mobilisations) == MOBILISATION_COLUMNS


def test_there_are_half_as_many_mobilisations_more(records: MadeUpRecords) -> None:
    assert (len(records.incidents), len(records.mobilisations)) == (COUNT, COUNT * 3 // 2)


def test_every_record_says_that_it_is_made_up(records: MadeUpRecords) -> None:
    assert records.incidents["FRS"].str.contains("made up").all()
    assert records.mobilisations["PlusCode_Description"].str.contains("made up").all()


def test_the_same_seed_makes_the_same_records(records: MadeUpRecords) -> None:
    pd.testing.assert_frame_equal(make(42).mobilisations, records.mobilisations)
    assert not make(43).incidents.equals(records.incidents)


def test_they_are_as_dirty_as_the_real_ones(records: MadeUpRecords) -> None:
    latitude = records.incidents["Latitude"]
    assert 0.5 < latitude.isna().mean() < 0.65
    assert 0 < (latitude == 0).sum() < 0.01 * COUNT
    assert set(records.incidents["CalYear"]) == {2021, 2022, 2023}
    assert (records.mobilisations["DeployedFromStation_Name"] == UNKNOWN_STATION).any()
    assert records.mobilisations["AttendanceTimeSeconds"].isna().any()
    assert not records.mobilisations["AttendanceTimeSeconds"].between(193, 539).all()


def test_attendance_can_be_learnt_from_distance_and_station(records: MadeUpRecords) -> None:
    calls = records.incidents.assign(DateOfCall=records.incidents["DateOfCall"].dt.strftime("%Y-%m-%d"))
    bands = Bands((5, 35), (193, 539))
    features, _ = make_features(calls, records.mobilisations, read_stations(SHIPPED), bands)
    assert len(features) > COUNT / 2
    assert features["distance"].corr(features["AttendanceTimeSeconds"]) > 0.7
    rest = features["AttendanceTimeSeconds"] - 105 * features["distance"]
    assert rest.groupby(features["DeployedFromStation_Name"]).mean().std() > 10
