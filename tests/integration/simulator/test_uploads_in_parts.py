"""CSV files that come in parts, and parts that come again."""

import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.uploads import UploadRepository
from simulator.service import use_cases
from simulator.service.known_use_cases import open_file
from simulator.web.app import create_app
from tests.conftest import Sessions
from tests.integration.simulator.conftest import Rows
from tests.integration.simulator.tea import TEA, add, listed, load, tea_csv


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
