"""Values as JSON knows them."""

import math
from enum import Enum
from typing import Any

import numpy as np


def json_value(value: Any) -> Any:
    """The same value in JSON's types: NumPy's unwrapped, keys as text, NaN and infinities as null."""
    if isinstance(value, dict):
        return {str(json_value(key)): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray):
        return [json_value(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
