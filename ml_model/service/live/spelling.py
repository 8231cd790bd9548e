"""How a cell of a live row is written by clients of other servers, and by ours.

MLflow's scoring server reads JSON and CSV by pandas, Triton's clients write NaN where a value is missing, and
tensors have types of their own. What they send becomes here what our clients send.
"""

import math
from collections.abc import Mapping

# What pandas.read_csv takes for a missing value.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"}
    | {"NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
TRUTH = {"True": 1.0, "true": 1.0, "TRUE": 1.0, "False": 0.0, "false": 0.0, "FALSE": 0.0}


def number_as_sent(cell: object) -> object:
    """A number, None where it is missing, or the cell itself, which is neither."""
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    if isinstance(cell, bool):
        return float(cell)
    return _read(cell) if isinstance(cell, str) else cell


def name_as_sent(cell: object, listed: Mapping[str, float]) -> object:
    """A category's name, None where it is missing, or the cell itself, which is neither.

    Some names look like numbers, or like true and false: a column of them has lost its quotes on the way.
    """
    if isinstance(cell, str):
        return cell if cell in listed or cell not in MISSING else None
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, bool | int | float):
        return next((name for name in _names(cell) if name in listed), cell)
    return cell


def _names(cell: float) -> list[str]:
    """How a name may have been written. An integer among missing values becomes a float in pandas."""
    if isinstance(cell, bool):
        return [name for name, value in TRUTH.items() if value == cell]
    whole = isinstance(cell, float) and cell.is_integer()
    return [str(int(cell)), str(cell)] if whole else [str(cell)]


def _read(text: str) -> object:
    if text in MISSING:
        return None
    if text in TRUTH:
        return TRUTH[text]
    try:
        return text if "_" in text else float(text)
    except ValueError:
        return text
