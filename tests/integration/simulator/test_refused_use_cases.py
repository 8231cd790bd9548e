"""What cannot be added is told, and leaves no trace."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.simulator.conftest import Rows
from tests.integration.simulator.tea import TEA, add, listed, tea_csv

BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing": ({}, 400, "'definition'"),
    "both": ({"definition": TEA, "use_case": "tea"}, 400, "'definition'"),
    "name only": ({"use_case": "wine"}, 400, "'csv'"),
    "no such part": ({"definition": TEA, "csv": "", "part": 2}, 400, "no part 2 of 1"),
    "too many parts": ({"definition": TEA, "csv": "", "parts": 65}, 400, "parts"),
    "unknown field": ({"definition": {**TEA, "colour": "green"}}, 400, "colour"),
    "bad name": ({"definition": {**TEA, "name": "Tea"}}, 400, "name"),
    "reserved name": ({"definition": {**TEA, "name": "public"}}, 400, "public"),
    "bad source": ({"definition": {**TEA, "source": {"kind": "sql"}}}, 400, "source"),
    "another folder": (
        {"definition": {**TEA, "source": {**TEA["source"], "file": "../../etc/passwd"}}},
        400,
        "source.csv.file",
    ),
    "no rows and no categories": ({"definition": TEA}, 400, "categories"),
    "empty": ({"definition": TEA, "csv": ""}, 400, "it is empty"),
    "few rows": ({"definition": TEA, "csv": tea_csv(3)}, 400, "3 rows"),
    "no column": ({"definition": TEA, "csv": tea_csv().replace("heat", "way")}, 400, "no column 'heat'"),
    "rows for what has none": ({"use_case": "wine", "csv": tea_csv()}, 400, "bundled"),
    "unknown use case": ({"use_case": "beer", "csv": tea_csv()}, 404, "beer"),
    "the simulator's own": (
        {"definition": {**TEA, "name": "fire_brigade"}, "csv": tea_csv()},
        409,
        "fire_brigade",
    ),
    "too many features": (
        {
            "definition": {**TEA, "features": [{"name": f"f{number}"} for number in range(1100)]},
            "csv": tea_csv(),
        },
        400,
        "995 numbers are the most",
    ),
    "too many categories": (
        {
            "definition": {
                **TEA,
                "features": [
                    {"name": f"f{number}", "type": "category", "categories": ["a" * 30]}
                    for number in range(400)
                ],
            },
            "csv": tea_csv(),
        },
        400,
        "a row of the 400 features",
    ),
    "too much memory": (
        {"definition": {**TEA, "features": [{"name": "x"}], "source": {"kind": "synthetic", "rows": 10**8}}},
        400,
        "MiB of memory; 768 MiB are allowed",
    ),
    "a long row": ({"definition": TEA, "csv": tea_csv() + ",x"}, 400, "row 50 has 4 cells, the header 3"),
    "a short row": ({"definition": TEA, "csv": tea_csv() + "\n1,2"}, 400, "row 51 has 2 cells, the header 3"),
    "names of rows": (
        {"definition": TEA, "csv": tea_csv().replace("\n", "\nr,")},
        400,
        "names of rows",
    ),
    "a name twice": ({"definition": TEA, "csv": tea_csv().replace("heat", "cup")}, 400, "no column 'heat'"),
    "semicolons": ({"definition": TEA, "csv": tea_csv().replace(",", ";")}, 400, "semicolons"),
    "a large whole number": (
        {
            "definition": {**TEA, "features": [{"name": "heat", "type": "integer"}]},
            "csv": tea_csv().replace(",3,", ",9007199254740993,"),
        },
        400,
        "row 4, column 'heat': '9007199254740993'",
    ),
    "a nul": ({"definition": TEA, "csv": tea_csv() + "\0"}, 400, "NUL"),
}


@pytest.mark.parametrize(("body", "status", "named"), BAD.values(), ids=BAD)
def test_what_cannot_be_added_is_named_and_leaves_no_trace(
    client: FlaskClient, rows: Rows, body: dict[str, Any], status: int, named: str
) -> None:
    answer = add(client, status, **body)
    assert named in answer["error"] + answer["message"]
    assert list(listed(client)) == ["fire_brigade", "wine"]
    assert rows("SELECT 1 FROM information_schema.schemata WHERE schema_name = 'tea'") == []
