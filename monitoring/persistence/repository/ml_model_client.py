"""What monitoring asks of ml_model."""

from typing import Any

from fleet.caller import Caller
from fleet.sibling import Sibling


class MlModelClient:
    """ml_model, reached over HTTP."""

    def __init__(self, sibling: Sibling) -> None:
        self._sibling = sibling

    def retrain(self, use_case: str, *, caller: Caller) -> dict[str, Any]:
        """Train the chosen model again; ml_model's answer.

        Raises SiblingFailedError and SiblingRefusedError.
        """
        body = {"dataset": "training", "use_case": use_case}
        return self._sibling.post("", body, caller=caller)
