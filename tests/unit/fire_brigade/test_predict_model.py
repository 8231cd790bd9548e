"""What a prediction tells its log when it fails."""

import pytest

from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.service.models import predict_model
from tests.fire_brigade_log import KeptLog


def test_what_nobody_foresaw_is_no_success() -> None:
    def read() -> TrainedModel:
        raise ZeroDivisionError

    log = KeptLog()
    log.metrics["success"] = 1
    with pytest.raises(ZeroDivisionError):
        predict_model(5.2, "Acton", read, log)
    assert log.metrics["success"] == 0
