"""Records of both kinds are processed together, or not at all."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.downloads import DownloadFailedError
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.process_data import DOWNLOAD_SHARE, process_data
from tests.fire_brigade_log import KeptLog

INCIDENTS = 400
BEFORE = "what was there before\n"


@pytest.fixture
def pair(tmp_path: Path) -> list[RecordSource]:
    """Both kinds, with files of an earlier run."""
    made_up = generate_records(tmp_path / "published", INCIDENTS)
    incidents, mobilisations = tmp_path / "incident_data.csv", tmp_path / "mobilisation_data.csv"
    for file in (incidents, mobilisations):
        file.write_text(BEFORE, encoding="utf-8")
    url, other_url = made_up.incidents.as_uri(), made_up.mobilisations_csv.as_uri()
    return [
        RecordSource("incident", url, "url_incident", incidents, INCIDENT_COLUMNS),
        RecordSource("mobilisation", other_url, "url_mobilisation", mobilisations, MOBILISATION_COLUMNS),
    ]


def test_both_files_of_before_stay_if_one_cannot_be_had(pair: list[RecordSource]) -> None:
    log = KeptLog()
    pair[1] = replace(pair[1], url="file:///none/such.csv")
    with pytest.raises(DownloadFailedError):
        process_data(pair, years=[2022, 2023], log=log)
    for each in pair:
        assert each.file.read_text(encoding="utf-8") == BEFORE
    folder = pair[0].file.parent
    left = {path.name for path in folder.iterdir() if path.is_file() and path.suffix != ".lock"}
    assert left == {each.file.name for each in pair}
    assert (log.metrics["success_incident"], log.metrics["success_mobilisation"]) == (0, 0)
    assert "record_saved_incident" not in log.metrics


def test_filtering_is_told_against_all_there_is(pair: list[RecordSource]) -> None:
    told: dict[str, list[float]] = defaultdict(list)

    def report(share: float, detail: str) -> None:
        told[detail].append(share)

    process_data(pair, years=[2022, 2023], log=KeptLog(), progress=report)
    shares = [share for each in told.values() for share in each]
    assert shares == sorted(shares)
    for number, kind in enumerate(("incident", "mobilisation")):
        filtering = told[f"filter of the {kind} records"]
        assert filtering[0] == pytest.approx((number + DOWNLOAD_SHARE) / 2)
        assert filtering[-1] == pytest.approx((number + 1) / 2, abs=0.01)


def test_a_panic_is_no_success(pair: list[RecordSource], monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        """As pyo3's."""

    def panic(*_: object, **__: object) -> None:
        raise Panic

    log = KeptLog()
    log.metrics["success_incident"] = 1
    monkeypatch.setattr("fire_brigade.service.process_data.read_apart", panic)
    with pytest.raises(Panic):
        process_data(pair, years=[2022], log=log)
    assert log.metrics["success_incident"] == 0
    assert pair[0].file.read_text(encoding="utf-8") == BEFORE
