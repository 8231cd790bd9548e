"""Asking ml_model to train again, without losing the verdict that asked for it."""

from typing import Any

from fleet.caller import Caller
from fleet.errors import SiblingFailedError, SiblingRefusedError
from monitoring.service.ports import MlModel


class RetrainingFailedError(SiblingFailedError):
    """The verdict was kept, but ml_model failed or could not be reached. The body carries the verdict."""

    def __init__(self, cause: SiblingFailedError, kept: dict[str, Any]) -> None:
        super().__init__(
            f"The model was not trained again: {cause.error}",
            f"The verdict is kept as result {kept['result_id']}. {cause.message}, "
            'or train with POST /root/ml {"dataset": "training"}',
        )
        self._kept = kept

    def body(self) -> dict[str, Any]:
        return {**super().body(), **self._kept}


def retrain(ml_model: MlModel, use_case: str, kept: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
    """ml_model's answer.

    kept: the id and the text of the result, which an error's body carries too.
    Raises RetrainingFailedError, and SiblingRefusedError with ml_model's own status and words.
    """
    try:
        return ml_model.retrain(use_case, caller=caller)
    except SiblingFailedError as error:
        raise RetrainingFailedError(error, kept) from error
    except SiblingRefusedError as error:
        raise SiblingRefusedError(error.status, {**error.body(), **kept}) from error
