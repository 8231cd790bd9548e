"""What `./launch.sh use-case` reads, sends and says."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from client import Fleet
from client.simulator import UseCase
from launcher.calling import CallFailedError, calls_told
from launcher.use_cases import (
    NoSuchUseCaseError,
    UseCaseFileError,
    add_use_case,
    find_use_case,
    lines,
    read_definition,
    read_rows,
)
from tests.answering import answering

DEFINITION = "name: tea\nsource: {kind: csv, file: tea.csv}\n"
ANSWER = {
    "message": "Registered tea",
    "use_case": "tea",
    "task": "regression",
    "registered": True,
    "sets": None,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A definition, with its rows beside it."""
    (tmp_path / "tea.yml").write_text(DEFINITION, encoding="utf-8")
    (tmp_path / "tea.csv").write_text("minutes\n1\n", encoding="utf-8-sig")
    return tmp_path / "tea.yml"


def sent(file: Path, patch: pytest.MonkeyPatch, csv: Path | None = None) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, str]:
        bodies.append(json.loads(request.body or ""))
        return 200, json.dumps(ANSWER)

    answering(patch, answer)
    assert add_use_case(Fleet(), file, csv).use_case == "tea"
    return bodies


def test_the_rows_beside_the_definition_go_with_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (body,) = sent(file, monkeypatch)
    assert body["definition"] == {"name": "tea", "source": {"kind": "csv", "file": "tea.csv"}}
    assert (body["csv"], body["part"], body["parts"]) == ("minutes\n1\n", 1, 1)


def test_rows_elsewhere_can_be_named(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.csv").write_text("minutes\n2\n", encoding="utf-8")
    (body,) = sent(file, monkeypatch, tmp_path / "other.csv")
    assert body["csv"] == "minutes\n2\n"


def test_a_large_file_goes_in_parts_of_one_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.simulator.PART_CHARACTERS", 4)
    bodies = sent(file, monkeypatch)
    assert "".join(body["csv"] for body in bodies) == "minutes\n1\n"
    assert [(body["part"], body["parts"]) for body in bodies] == [(1, 3), (2, 3), (3, 3)]
    assert len({body["sha256"] for body in bodies}) == 1


def test_a_definition_without_a_file_has_no_rows(tmp_path: Path) -> None:
    assert read_rows({"source": {"kind": "synthetic"}}, tmp_path / "tea.yml", None) is None
    assert read_rows({}, tmp_path / "tea.yml", None) is None


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"name: [", "is not YAML"), (b"- 1", "holds no definition"), (b"", "holds"), (b"\xff\xfe", "UTF-8")],
)
def test_a_file_that_is_no_definition_is_told_in_words(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "tea.yml").write_bytes(content)
    with pytest.raises(UseCaseFileError, match=told):
        read_definition(tmp_path / "tea.yml")


def test_a_file_that_is_not_there_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UseCaseFileError, match=r"milk\.yml cannot be read"):
        read_definition(tmp_path / "milk.yml")
    (tmp_path / "tea.csv").unlink()
    with pytest.raises(UseCaseFileError, match=r"tea\.csv cannot be read"):
        add_use_case(Fleet(), file, None)


def test_a_date_is_no_text(file: Path) -> None:
    file.write_text(DEFINITION + "target: 2026-01-31\n", encoding="utf-8")
    with pytest.raises(UseCaseFileError, match="neither text nor number"):
        add_use_case(Fleet(), file, None)


@pytest.mark.parametrize(
    ("status", "told"), [(400, "row 3"), (409, "row 3"), (401, "MLFLEET_USER"), (403, "MLFLEET_USER")]
)
def test_what_the_simulator_refuses_is_told_with_what_to_do(
    file: Path, monkeypatch: pytest.MonkeyPatch, status: int, told: str
) -> None:
    answer = {"error": "'csv': row 3", "message": "Correct it"}
    answering(monkeypatch, lambda _: (status, json.dumps(answer)))
    with pytest.raises(CallFailedError) as caught, calls_told():
        add_use_case(Fleet(), file, None)
    assert told in caught.value.error + caught.value.message


def test_a_simulator_that_is_not_there_is_told(file: Path) -> None:
    fleet = Fleet(simulator="http://127.0.0.1:1")
    for call in (lambda: add_use_case(fleet, file, None), fleet.simulator.use_cases):
        with pytest.raises(CallFailedError) as caught, calls_told():
            call()
        assert "Start the fleet" in caught.value.message


def test_use_cases_are_listed_one_a_line() -> None:
    about: dict[str, Any] = {"target": "?", "features": [], "split": "random", "uploaded": False}
    wine = UseCase(
        name="wine",
        task="classification",
        source="bundled",
        registered=True,
        sets={"training": 106, "testing": 0},
        **about,
    )
    tea = UseCase(name="earl_grey", task="regression", source="csv", registered=False, sets={}, **about)
    assert lines([wine, tea]) == [
        "wine       classification  106 training",
        "earl_grey  regression  its rows are not there yet",
    ]


LISTED: dict[str, Any] = {
    "name": "tea",
    "task": "regression",
    "target": "minutes",
    "features": [],
    "source": "csv",
    "split": "random",
    "uploaded": True,
    "registered": True,
    "sets": {"training": 30},
}


def test_a_use_case_is_found_before_it_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda _: (200, json.dumps({"use_cases": [LISTED]})))
    assert find_use_case(Fleet(), "tea").sets == {"training": 30}
    with pytest.raises(NoSuchUseCaseError) as refused:
        find_use_case(Fleet(), "beer")
    assert refused.value.message == "Use cases: tea"


def test_a_use_case_is_removed_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, str | None]] = []
    removed = {"message": "Removed tea", "use_case": "tea", "rows": {"training": 30}, "deployments": 1}

    def answer(request: requests.PreparedRequest) -> tuple[int, str]:
        asked.append((request.method, request.url))
        return 200, json.dumps(removed)

    answering(monkeypatch, answer)
    assert Fleet().simulator.remove_use_case("tea").deployments == 1
    assert asked == [("DELETE", "http://127.0.0.1:5004/root/simulator/use_cases/tea")]


def test_what_the_simulator_will_not_remove_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = {"error": "'wine' is defined by a file", "message": "Take it away", "request_id": "1"}
    answering(monkeypatch, lambda _: (409, json.dumps(refusal)))
    with pytest.raises(CallFailedError) as refused, calls_told():
        Fleet().simulator.remove_use_case("wine")
    assert refused.value.error == "'wine' is defined by a file"
