"""The key that models are signed with, where none is given."""

import stat
from pathlib import Path

import pytest

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.services import create_services
from fleet.signing import UnusableKeyError, kept_key


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / ".artifact_key"


def test_a_key_is_made_once_for_its_owner_alone(file: Path) -> None:
    key = kept_key(file)
    assert len(key) >= 32
    assert kept_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_of_two_that_make_it_at_once_both_get_the_firsts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept_key(file)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", lambda _: False)  # the second looked before the first had written
        assert kept_key(file) == first
    assert kept_key(file) == first


@pytest.mark.parametrize("content", [b"", b"fifteen bytes..", None])
def test_a_file_that_holds_no_key_is_refused(file: Path, content: bytes | None) -> None:
    if content is None:
        file.mkdir(parents=True)
    else:
        file.parent.mkdir()
        file.write_bytes(content)
    settings = FireBrigadeSettings(chemin_data=file.parent, log_directory=file.parent / "logs")
    with pytest.raises(UnusableKeyError, match=r"\.artifact_key"):
        create_services(settings)
