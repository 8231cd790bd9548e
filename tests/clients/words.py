"""A use case whose features are of every kind, and have names that are also fields of requests."""

from typing import Any

import numpy as np

SEED = 42

# A number, texts, texts that look like numbers, an integer, and one that is true or false.
WORDS: dict[str, Any] = {
    "name": "words",
    "task": "classification",
    "target": "kind",
    "source": {"kind": "csv", "file": "words.csv", "target_column": "kind"},
    "features": [
        {"name": "features", "type": "number"},
        {"name": "inputs", "type": "category", "categories": ["blue", "red", "None"]},
        {"name": "records", "type": "category", "categories": ["1", "2", "3"]},
        {"name": "id", "type": "integer"},
        {"name": "instances", "type": "integer"},
    ],
}


def words_rows(count: int) -> list[list[Any]]:
    """Rows, of which the first three lack a value."""
    random = np.random.default_rng(SEED)
    rows: list[list[Any]] = [
        [
            float(random.normal()),
            ["blue", "red", "None"][random.integers(3)],
            str(random.integers(1, 4)),
            int(random.integers(10)),
            int(random.integers(2)),
        ]
        for _ in range(count)
    ]
    for number, row in enumerate(rows[:3]):
        row[number] = None
    return rows


def words_csv() -> str:
    """The file that the use case is from."""
    lines = [",".join([*(feature["name"] for feature in WORDS["features"]), "kind"])]
    for row in words_rows(200):
        number, colour, grade, *_ = row
        kind = int((number or 0) + (colour == "red") + int(grade or 2) > 2)
        lines.append(",".join("" if cell is None else str(cell) for cell in [*row, kind]))
    return "\n".join(lines)
