"""Use cases that are added while the simulator runs."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.uploads import UploadRepository
from simulator.service import use_cases
from simulator.service.known_use_cases import open_file
from simulator.web.app import create_app
from tests.conftest import Sessions
from tests.integration.simulator.conftest import Rows
from tests.made_up_fires import fires_csv

PATH = "/root/simulator"
TEA: dict[str, Any] = {
    "name": "tea",
    "task": "regression",
    "target": "minutes",
    "source": {"kind": "csv", "file": "tea.csv", "target_column": "minutes"},
    "features": [{"name": "heat"}, {"name": "cup", "type": "category"}],
}
CUPS = ("red", "blue", "")


def tea_csv(rows: int = 50) -> str:
    return "\n".join(["minutes,heat,cup", *(f"{row}.5,{row},{CUPS[row % 3]}" for row in range(rows))])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def settings(database_url: str, data: Path) -> SimulatorSettings:
    return SimulatorSettings(database_url=SecretStr(database_url), data_dir=data)


def add(client: FlaskClient, status: int = 200, **body: Any) -> Any:
    answer = client.post(f"{PATH}/use_cases", json=body)
    assert answer.status_code == status, answer.json
    return answer.json


def load(client: FlaskClient, set_name: str, use_case: str = "tea", status: int = 200) -> Any:
    answer = client.post(PATH, json={"set_name": set_name, "use_case": use_case})
    assert answer.status_code == status, answer.json
    return answer.json


def listed(client: FlaskClient) -> dict[str, Any]:
    return {each["name"]: each for each in client.get(f"{PATH}/use_cases").json["use_cases"]}  # type: ignore[index]


def test_what_is_added_can_be_loaded_at_once(client: FlaskClient, rows: Rows) -> None:
    assert add(client, definition=TEA, csv=tea_csv()) == {
        "message": "Registered tea",
        "use_case": "tea",
        "task": "regression",
        "registered": True,
        "sets": {"training": 30, "testing": 10, "production": 10},
    }
    assert load(client, "training")["rows"] == 30
    assert rows("SELECT DISTINCT cup FROM tea.samples ORDER BY 1") == [("blue",), ("red",), (None,)]
    assert rows("SELECT action, subject, use_case, actor FROM public.audit_events ORDER BY id") == [
        ("add_use_case", "tea", "tea", "anonymous"),
        ("load_set", "training", "tea", "anonymous"),
    ]


def test_another_replica_and_a_restart_know_it(client: FlaskClient, settings: SimulatorSettings) -> None:
    add(client, definition=TEA, csv=tea_csv())
    other = create_app(settings).test_client()
    assert load(other, "testing")["rows"] == 10
    assert listed(other)["tea"]["sets"] == {"training": 0, "testing": 10, "production": 0}


def test_use_cases_are_listed_with_what_they_are(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    found = listed(client)
    assert list(found) == ["fire_brigade", "wine", "tea"]
    assert [found[name]["uploaded"] for name in found] == [False, False, True]
    assert found["tea"] == {
        "name": "tea",
        "task": "regression",
        "target": "minutes",
        "features": [
            {"name": "heat", "type": "number", "categories": []},
            {"name": "cup", "type": "category", "categories": ["blue", "red"]},
        ],
        "source": "csv",
        "split": "random",
        "uploaded": True,
        "registered": True,
        "sets": {"training": 0, "testing": 0, "production": 0},
    }
    assert found["fire_brigade"]["split"] == "time"


def test_a_file_in_parts_counts_once_the_last_is_there(client: FlaskClient, rows: Rows) -> None:
    text = tea_csv()
    first = add(client, definition=TEA, csv=text[:100], part=1, parts=3)
    assert (first["registered"], first["sets"], first["message"]) == (False, None, "Received part 1 of 3")
    add(client, definition=TEA, csv=text[100:101], part=2, parts=3)
    assert "tea" not in listed(client)
    last = add(client, definition=TEA, csv=text[101:], part=3, parts=3)
    assert sum(last["sets"].values()) == 50
    assert rows("SELECT complete, count(*) FROM public.csv_parts GROUP BY 1") == [(True, 3)]


def test_a_part_that_is_early_is_409_that_says_which_to_send(client: FlaskClient) -> None:
    add(client, definition=TEA, csv="minutes,", part=1, parts=3)
    answer = add(client, 409, definition=TEA, csv="x", part=3, parts=3)
    assert "Send part 2" in answer["message"]


def test_parts_of_two_files_are_told_by_their_digest(client: FlaskClient) -> None:
    text = tea_csv()
    add(client, definition=TEA, csv=text[:100], part=1, parts=2)
    answer = add(client, 409, definition=TEA, csv=text[101:], part=2, parts=2, sha256="0" * 64)
    assert "part 1" in answer["message"]
    assert "tea" not in listed(client)


def test_a_file_that_another_one_replaces_meanwhile_does_not_count(
    client: FlaskClient, settings: SimulatorSettings, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, other = tea_csv(), create_app(settings).test_client()

    def opened_while_another_begins(*given: Any) -> Any:
        monkeypatch.undo()
        add(other, definition=TEA, csv=tea_csv(100)[:300], part=1, parts=2)
        return open_file(*given)

    add(client, definition=TEA, csv=whole[:100], part=1, parts=2)
    monkeypatch.setattr(use_cases, "open_file", opened_while_another_begins)
    answer = add(client, 409, definition=TEA, csv=whole[100:], part=2, parts=2)
    assert "part 1" in answer["message"]
    assert "tea" not in listed(client)
    assert rows("SELECT complete, part FROM public.csv_parts") == [(False, 1)]
    last = add(other, definition=TEA, csv=tea_csv(100)[300:], part=2, parts=2)
    assert sum(last["sets"].values()) == 100


def test_a_file_that_another_one_was_registered_in_place_of_is_told_so(
    client: FlaskClient, settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, keep = create_app(settings).test_client(), UploadRepository.add_part

    def kept_and_overtaken(uploads: UploadRepository, *given: Any) -> None:
        monkeypatch.undo()
        keep(uploads, *given)
        uploads._session.commit()  # noqa: SLF001  # as the request does right after
        add(other, definition=TEA, csv=tea_csv(100))

    monkeypatch.setattr(UploadRepository, "add_part", kept_and_overtaken)
    answer = add(client, 409, definition=TEA, csv=tea_csv())
    assert "part 1" in answer["message"]
    assert load(client, "training")["rows"] == 60


def test_parts_that_were_left_for_a_day_go_when_another_file_begins(
    client: FlaskClient, rows: Rows, sessions: Sessions
) -> None:
    for name in ("old", "slow"):
        add(client, definition={**TEA, "name": name}, csv="minutes", part=1, parts=3)
    with sessions() as session:
        session.execute(text("UPDATE public.csv_parts SET uploaded_at = now() - interval '25 hours'"))
        session.commit()
    add(client, definition={**TEA, "name": "slow"}, csv=",heat", part=2, parts=3)
    add(client, definition=TEA, csv="minutes", part=1, parts=2)
    found = rows("SELECT use_case, part FROM public.csv_parts ORDER BY 1, 2")
    assert found == [("slow", 1), ("slow", 2), ("tea", 1)]


def test_new_rows_replace_the_former_ones_and_categories_stay(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    load(client, "testing")
    added = add(client, use_case="tea", csv=tea_csv(100).replace("blue", "green"))
    assert added["sets"]["training"] == 60
    load(client, "training")
    assert listed(client)["tea"]["sets"] == {"training": 60, "testing": 0, "production": 0}
    assert listed(client)["tea"]["features"][1]["categories"] == ["blue", "red"]
    assert rows("SELECT DISTINCT cup FROM tea.samples ORDER BY 1") == [("green",), ("red",), (None,)]


def test_rows_of_no_category_are_counted_wherever_rows_come_in(client: FlaskClient) -> None:
    assert "unlisted" not in add(client, definition=TEA, csv=tea_csv())
    other = tea_csv(60).replace("blue", "BLUE").replace("1.5,1,BLUE", "1.5,1,azure")
    added = add(client, use_case="tea", csv=other)
    assert added["unlisted"] == {"cup": {"rows": 20, "share": 20 / 60, "examples": ["BLUE", "azure"]}}
    assert "20 rows (33%) of 'cup' are in no category, such as 'BLUE'" in added["message"]
    loaded = [load(client, name) for name in ("training", "testing")]
    production = client.post(PATH, json={"set_name": "production", "use_case": "tea", "fouling": "none"}).json
    counts = [answer["unlisted"]["cup"]["rows"] for answer in (*loaded, production)]
    assert sum(counts) == 20


def test_fouling_leaves_names_that_are_not_listed_or_sets_them_missing(
    client: FlaskClient, rows: Rows
) -> None:
    add(client, definition=TEA, csv=tea_csv())
    add(client, use_case="tea", csv=tea_csv(100).replace("blue", "BLUE"))
    body = {"set_name": "production", "use_case": "tea", "fouling": {"missing": 1.0, "columns": ["cup"]}}
    assert "unlisted" not in client.post(PATH, json=body).json  # type: ignore[operator]
    assert rows("SELECT DISTINCT cup FROM tea.samples") == [(None,)]


def test_a_part_whose_answer_was_lost_is_answered_again_as_before(client: FlaskClient, rows: Rows) -> None:
    text = tea_csv()
    digest = hashlib.sha256(text.encode()).hexdigest()
    parts: list[dict[str, Any]] = [
        {"definition": TEA, "csv": text[start:end], "part": number, "parts": 3, "sha256": digest}
        for number, (start, end) in enumerate([(0, 100), (100, 200), (200, None)], 1)
    ]
    for part in parts:
        assert add(client, **part) == add(client, **part)
    assert add(client, **parts[2])["sets"] == {"training": 30, "testing": 10, "production": 10}
    assert rows("SELECT complete, count(*) FROM public.csv_parts GROUP BY 1") == [(True, 3)]
    add(client, 409, **{**parts[2], "csv": "another end"})
    add(client, 409, **parts[1])


def test_a_whole_upload_and_a_load_may_be_repeated(client: FlaskClient) -> None:
    assert add(client, definition=TEA, csv=tea_csv()) == add(client, definition=TEA, csv=tea_csv())
    assert load(client, "training") == load(client, "training")
    assert listed(client)["tea"]["sets"]["training"] == 30


def test_the_last_part_may_come_again_before_the_first_one_is_answered(
    client: FlaskClient, settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, other = tea_csv(), create_app(settings).test_client()
    last: dict[str, Any] = {"definition": TEA, "csv": text[100:], "part": 2, "parts": 2}
    again: list[Any] = []

    def opened_while_it_comes_again(*given: Any) -> Any:
        monkeypatch.undo()
        again.append(add(other, **last))
        return open_file(*given)

    add(client, definition=TEA, csv=text[:100], part=1, parts=2)
    monkeypatch.setattr(use_cases, "open_file", opened_while_it_comes_again)
    assert add(client, **last) == again[0]


def test_a_use_case_is_removed_with_all_that_is_stored_of_it(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    answer = client.delete(f"{PATH}/use_cases/tea")
    assert (answer.status_code, answer.json) == (
        200,
        {
            "message": "Removed tea",
            "use_case": "tea",
            "rows": {"training": 30, "testing": 0, "production": 0},
            "deployments": 0,
        },
    )
    assert list(listed(client)) == ["fire_brigade", "wine"]
    assert rows("SELECT 1 FROM public.csv_parts") == []
    assert rows("SELECT 1 FROM information_schema.schemata WHERE schema_name = 'tea'") == []
    told = rows("SELECT action, subject, use_case FROM public.audit_events ORDER BY id DESC LIMIT 1")
    assert told == [("remove_use_case", "tea", "tea")]
    assert client.delete(f"{PATH}/use_cases/tea").status_code == 404
    load(client, "training", status=404)


def test_its_name_is_free_for_another_definition(client: FlaskClient, settings: SimulatorSettings) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    client_of_a_replica = create_app(settings).test_client()
    client_of_a_replica.delete(f"{PATH}/use_cases/tea")
    only_heat = {**TEA, "features": [{"name": "heat"}]}
    add(client, definition=only_heat, csv=tea_csv())
    assert load(client, "training")["rows"] == 30
    assert [each["name"] for each in listed(client)["tea"]["features"]] == ["heat"]


def test_what_was_begun_to_be_sent_can_be_taken_back(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv="minutes", part=1, parts=2)
    assert client.delete(f"{PATH}/use_cases/tea").status_code == 200
    assert rows("SELECT 1 FROM public.csv_parts") == []


@pytest.mark.parametrize(
    ("name", "status"), [("wine", 409), ("beer", 404), ("public", 404), ("%00", 404), ("Tea'; DROP", 404)]
)
def test_what_cannot_be_removed_is_told(client: FlaskClient, name: str, status: int) -> None:
    answer = client.delete(f"{PATH}/use_cases/{name}")
    assert answer.status_code == status, answer.json
    assert list(listed(client)) == ["fire_brigade", "wine"]


def test_a_new_synthetic_source_has_other_rows(client: FlaskClient) -> None:
    clouds = {"name": "clouds", "task": "regression", "target": "t", "features": [{"name": "x"}]}
    for count in (100, 200):
        add(client, definition={**clouds, "source": {"kind": "synthetic", "rows": count}})
        assert load(client, "training", "clouds")["rows"] == 0.6 * count


def test_a_new_split_is_a_new_division_of_the_same_rows(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    by_heat = {**TEA, "split": {"kind": "time", "column": "heat"}}
    add(client, definition=by_heat)
    load(client, "testing")
    assert listed(client)["tea"]["sets"] == {"training": 0, "testing": 10, "production": 0}
    assert listed(client)["tea"]["split"] == "time"


def test_rows_that_cannot_be_used_change_nothing(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    broken = tea_csv().replace("3.5,3,", "3.5,hot,")
    answer = add(client, 400, definition=TEA, csv=broken)
    assert answer["error"] == "'csv': row 4, column 'heat': 'hot' is not a number"
    load(client, "testing")
    assert listed(client)["tea"]["sets"]["training"] == 30


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


def test_other_features_under_a_registered_name_are_409(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    answer = add(client, 409, definition={**TEA, "features": [{"name": "heat"}]}, csv=tea_csv())
    assert "new name" in answer["message"]


def test_a_definition_alone_is_registered_if_it_lists_its_categories(client: FlaskClient) -> None:
    features = [{"name": "heat"}, {"name": "cup", "type": "category", "categories": ["red", "blue"]}]
    assert add(client, definition={**TEA, "features": features})["sets"] is None
    answer = load(client, "training", status=409)
    assert "use-case add" in answer["message"]
    add(client, use_case="tea", csv=tea_csv())
    assert load(client, "training")["rows"] == 30


def test_synthetic_rows_need_no_file(client: FlaskClient) -> None:
    clouds = {
        "name": "clouds",
        "task": "classification",
        "target": "cloud",
        "source": {"kind": "synthetic", "rows": 100},
        "features": [{"name": "x"}, {"name": "y"}],
    }
    add(client, definition=clouds)
    assert load(client, "training", "clouds")["rows"] == 60


def test_the_fire_brigades_rows_can_be_sent_from_elsewhere(client: FlaskClient, data: Path) -> None:
    added = add(client, use_case="fire_brigade", csv=fires_csv(100))
    assert added["sets"] == {"training": 60, "testing": 20, "production": 20}
    assert load(client, "training", "fire_brigade")["rows"] == 60
    assert not listed(client)["fire_brigade"]["uploaded"]
    (data / "global_data.csv").write_text(fires_csv(200), encoding="utf-8")
    answer = add(client, 409, use_case="fire_brigade", csv=fires_csv(100))
    assert "global_data.csv" in answer["error"]
    assert load(client, "training", "fire_brigade")["rows"] == 120
