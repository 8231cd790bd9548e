"""What a prediction tells its log when it fails."""

import pytest

from fire_brigade.persistence.repository.model_files import ModelFiles
from tests.unit.fire_brigade.conftest import Bench


def test_what_nobody_foresaw_is_no_success(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise ZeroDivisionError

    bench.log.metrics["success"] = 1
    monkeypatch.setattr(ModelFiles, "read", read)
    with pytest.raises(ZeroDivisionError):
        bench.predict()
    assert bench.log.metrics["success"] == 0
