"""Records that are made up over REST, where there are no others."""

import pytest

from fire_brigade.service.generate_records import INCIDENTS
from launcher.fire_brigade_demo import NOT_HAD
from tests.integration.fire_brigade.conftest import FireBrigade

RECORDS = ("incident_data.csv", "mobilisation_data.csv")
REAL = "IncidentNumber,CalYear\n1-01012023,2023\n"


def process(brigade: FireBrigade, query: str) -> dict[str, object]:
    """The job, once it has ended."""
    answer = brigade.call(f"/process_data?{query}")
    assert answer.status_code == 202, answer.text
    return brigade.end_of(answer.json()["job_id"])


def contents(brigade: FireBrigade) -> list[bytes]:
    return [(brigade.folder / "data" / name).read_bytes() for name in RECORDS]


def test_they_are_the_same_every_time_and_say_that_they_are_made_up(brigade: FireBrigade) -> None:
    first = process(brigade, "made_up=true")
    made = contents(brigade)
    second = process(brigade, "made_up=true")

    assert first["status"] == "succeeded", first
    result = first["result"]
    assert isinstance(result, dict)
    assert (result["made_up"], result["incident"]["rows"]) == (True, INCIDENTS)
    assert result["mobilisation"]["rows"] == INCIDENTS * 3 // 2
    assert second["result"]["made_up"] is True  # type: ignore[index]
    assert contents(brigade) == made
    assert all(b"made up" in line for content in made for line in content.splitlines()[1:])
    assert brigade.call("/build_features").json()["counts"]["feature_rows"] > 1000


@pytest.mark.parametrize("real", RECORDS)
def test_real_records_stay(brigade: FireBrigade, real: str) -> None:
    file = brigade.folder / "data" / real
    file.write_text(REAL, encoding="utf-8")

    job = process(brigade, "made_up=true")

    assert (job["status"], job["result"]) == ("succeeded", {"made_up": False})
    assert file.read_text(encoding="utf-8") == REAL
    written = {path.name for path in (brigade.folder / "data").iterdir()}
    assert written & {*RECORDS} == {real}
    assert not (brigade.folder / "data" / "made_up").exists()


def test_only_an_admin_makes_records_up(brigade: FireBrigade) -> None:
    assert brigade.call("/process_data?made_up=true", name="bob").status_code == 403


@pytest.mark.parametrize("attempts", ["0", "11", "many"])
def test_an_unreasonable_number_of_attempts_is_refused(brigade: FireBrigade, attempts: str) -> None:
    answer = brigade.call(f"/process_data?attempts={attempts}")

    assert (answer.status_code, "attempts" in answer.json()["error"]) == (400, True)


def test_a_failed_download_can_be_told_from_a_file_that_is_wrong(brigade: FireBrigade) -> None:
    away = process(brigade, "incident=true&attempts=1")
    assert away["error"]["code"] == NOT_HAD  # type: ignore[index]
    (brigade.folder / "nowhere.csv").write_text(REAL, encoding="utf-8")  # which lacks columns
    wrong = process(brigade, "incident=true&attempts=1")
    assert "lacks" in wrong["error"]["error"]  # type: ignore[index]
    assert wrong["error"]["code"] == "missing_columns"  # type: ignore[index]
