"""A download ends in time, however slowly it comes."""

import time
from pathlib import Path

import pytest

from fire_brigade.persistence.repository.downloads import DownloadFailedError, DownloadLimits, download
from tests.integration.fire_brigade.publisher import publishing

LIMITS = DownloadLimits(connect_s=2, silence_s=0.3, total_s=0.5, attempts=2, wait_s=0.01)


@pytest.mark.alone
def test_a_download_that_drips_in_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text("1,2,3\n" * 1000, encoding="utf-8")
    started = time.monotonic()
    with (
        publishing(tmp_path) as publisher,
        pytest.raises(DownloadFailedError, match=r"^url: it had not ended after 0\.5 seconds"),
    ):
        download(f"{publisher.url}/dripping/records.csv", tmp_path / "new", setting="url", limits=LIMITS)
    assert time.monotonic() - started < 3
    assert len(publisher.asked) == 1
