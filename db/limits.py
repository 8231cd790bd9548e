"""What PostgreSQL lets a row of samples hold, counted before any table is made.

Layout: https://www.postgresql.org/docs/current/storage-page-layout.html and storage-toast.html.
"""

from db.definition import Feature, FeatureType, UseCase
from fleet.errors import InvalidRequestError

LARGEST_ROW = 8160  # bytes, of a page of 8192
ROW_HEADER = 23
ALIGNED = 8  # whole rows, and numbers in them, begin at multiples of it
OWN_COLUMNS = 5  # beside the features, as db.tables makes them
SHORTEST_TEXT, LONGEST_TEXT = 2, 24  # bytes in the row; a longer one is moved out of it
LONGEST_ORIGIN = len("simulated") + 1


class WideRowError(InvalidRequestError):
    """A row of the use case could never be stored."""

    def __init__(self, use_case: UseCase, size: int) -> None:
        count = len(use_case.features)
        super().__init__(
            f"'features': a row of the {count} features of '{use_case.name}' takes {size} bytes; "
            f"PostgreSQL stores at most {LARGEST_ROW}",
            f"Give fewer features: {most_numbers()} numbers are the most, and categories take up to three "
            "times as much as a number",
        )


def check_row_fits(use_case: UseCase) -> None:
    """Raise WideRowError if no row with all its values could be stored."""
    size = row_size(use_case.features)
    if size > LARGEST_ROW:
        raise WideRowError(use_case, size)


def row_size(features: tuple[Feature, ...]) -> int:
    """Bytes of a row of samples in which every category has its longest name."""
    end = 24  # sample_id, dataset_id and sample_index
    for feature in features:
        end = end + _text_size(feature) if feature.type is FeatureType.CATEGORY else _aligned(end) + 8
    end = _aligned(end + LONGEST_ORIGIN) + 8  # origin and created_at
    nulls = (len(features) + OWN_COLUMNS + 7) // 8  # a bit each
    return _aligned(ROW_HEADER + nulls) + _aligned(end)


def most_numbers() -> int:
    """How many features there can be, if all are numbers."""
    number = Feature(name="x")
    return next(
        count for count in range(LARGEST_ROW // 8, 0, -1) if row_size((number,) * count) <= LARGEST_ROW
    )


def _text_size(feature: Feature) -> int:
    longest = max((len(name.encode()) + 1 for name in feature.categories), default=SHORTEST_TEXT)
    return min(longest, LONGEST_TEXT)


def _aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED
