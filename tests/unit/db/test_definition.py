"""What a definition may be."""

import pytest
from pydantic import ValidationError

from db.definition import Feature, Task, UseCase


def define(name: str = "tea", features: tuple[str, ...] = ("heat",)) -> UseCase:
    return UseCase(
        name=name,
        task=Task.REGRESSION,
        target="minutes",
        features=tuple(Feature(name=feature) for feature in features),
    )


@pytest.mark.parametrize("name", ["Tea", "1tea", "", "tea-2", 'tea"', "t" * 64, "pg_tea", "public", "tée"])
def test_a_name_that_postgresql_would_quote_or_keeps_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        define(name=name)


@pytest.mark.parametrize("feature", ["class", "sample_id", "sample_index", "origin", "a/b", "A"])
def test_a_feature_cannot_have_the_name_of_another_column(feature: str) -> None:
    with pytest.raises(ValidationError):
        define(features=(feature,))


def test_features_are_unique_and_there_is_at_least_one() -> None:
    with pytest.raises(ValidationError, match="heat"):
        define(features=("heat", "cups", "heat"))
    with pytest.raises(ValidationError):
        define(features=())


def test_feature_names_keep_their_order() -> None:
    assert define(features=("heat", "cups", "age")).feature_names == ("heat", "cups", "age")
