"""What a row may hold is counted as PostgreSQL counts it."""

import pytest
from sqlalchemy import text

from db.definition import Feature, FeatureType, Task, UseCase
from db.limits import WideRowError, check_row_fits, most_numbers, row_size
from db.use_cases import register_use_case
from tests.conftest import Sessions

NUMBER = Feature(name="x")
ONE_LETTER = Feature(name="x", type=FeatureType.CATEGORY, categories=("a", "b"))
LONG_NAMES = Feature(name="x", type=FeatureType.CATEGORY, categories=("a" * 23, "b" * 150))


def wide(kinds: tuple[Feature, ...], count: int) -> UseCase:
    features = tuple(
        Feature(name=f"f{number}", type=kind.type, categories=kind.categories)
        for number, kind in zip(range(count), kinds * count, strict=False)
    )
    return UseCase(name="wide", task=Task.REGRESSION, target="t", features=features)


def widest(kinds: tuple[Feature, ...]) -> UseCase:
    """With as many features, of these kinds in turn, as are taken."""
    count = next(count for count in range(1590, 0, -1) if row_size((kinds * count)[:count]) <= 8160)
    return wide(kinds, count)


@pytest.mark.parametrize("kinds", [(NUMBER,), (LONG_NAMES,), (ONE_LETTER, NUMBER), (NUMBER, LONG_NAMES)])
def test_what_is_taken_can_be_stored_and_one_more_feature_cannot(
    kinds: tuple[Feature, ...], sessions: Sessions
) -> None:
    use_case = widest(kinds)
    one_more = wide(kinds, len(use_case.features) + len(kinds))
    with pytest.raises(WideRowError, match="bytes; PostgreSQL stores at most 8160"):
        check_row_fits(one_more)
    with sessions() as session:
        register_use_case(session, use_case)
        session.execute(text("INSERT INTO wide.datasets VALUES (1, 'training')"))
        for gap in ("NULL", "0"):
            values = [
                f"'{max(each.categories)[:23]}'" if each.categories else "1.5" for each in use_case.features
            ]
            if gap == "NULL":
                values[0] = gap
            names = ", ".join(use_case.feature_names)
            session.execute(
                text(
                    f"INSERT INTO wide.samples (dataset_id, sample_index, origin, {names}) "  # noqa: S608
                    f"VALUES (1, {len(gap)}, 'simulated', {', '.join(values)})"
                )
            )
    with pytest.raises(WideRowError), sessions() as session:
        register_use_case(session, one_more)


def test_more_numbers_would_not_fit_beside_a_gap(sessions: Sessions) -> None:
    count = most_numbers() + 2  # the gap takes no place
    columns = ", ".join(f"f{number} double precision" for number in range(count))
    own = "sample_id bigint, dataset_id int, sample_index bigint"
    with sessions() as session:
        session.execute(text(f"CREATE TEMPORARY TABLE t ({own}, {columns}, origin text, at timestamptz)"))
        insert = f"INSERT INTO t SELECT 1, 1, 1, {', '.join(['1.5'] * (count - 1))}, NULL, 'simulated', now()"
        with pytest.raises(Exception, match="row is too big"):
            session.execute(text(insert))
