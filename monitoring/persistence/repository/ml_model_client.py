"""What monitoring asks of ml_model."""

from collections.abc import Callable
from typing import Any

from fleet.caller import Caller
from fleet.errors import SiblingInDoubtError
from fleet.sibling import Sibling


class MlModelClient:
    """ml_model, reached over HTTP. trained: the deployment that it trained in a caller's request, if any."""

    def __init__(self, sibling: Sibling, trained: Callable[[Caller], str | None]) -> None:
        self._sibling = sibling
        self._trained = trained

    def retrain(self, use_case: str, *, caller: Caller) -> dict[str, Any]:
        """Train the chosen model again; ml_model's answer, or what is known if it trained without one.

        Raises SiblingFailedError and SiblingRefusedError.
        """
        body = {"dataset": "training", "use_case": use_case}
        try:
            return self._sibling.post("", body, caller=caller)
        except SiblingInDoubtError:
            deployment_id = self._trained(caller)
            if deployment_id is None:
                raise
            return {"message": "The model was trained again", "deployment_id": int(deployment_id)}
