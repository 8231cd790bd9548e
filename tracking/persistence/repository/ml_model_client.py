"""What tracking asks of ml_model."""

from dataclasses import asdict, dataclass
from typing import Any

from fleet.caller import Caller
from fleet.sibling import Sibling


@dataclass(frozen=True)
class ModelToSet:
    """A model as ml_model's `set_model` takes it."""

    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: str
    run_id: str
    use_case: str


class MlModelClient:
    """ml_model, reached over HTTP."""

    def __init__(self, sibling: Sibling) -> None:
        self._sibling = sibling

    def set_model(self, model: ModelToSet, *, caller: Caller) -> dict[str, Any]:
        """ml_model's answer. Raises SiblingFailedError and SiblingRefusedError."""
        return self._sibling.post("/set_model", asdict(model), caller=caller)

    def train_candidate(
        self, model: ModelToSet, snapshot_id: int | None, *, caller: Caller
    ) -> dict[str, Any]:
        """ml_model's answer: what it has trained beside the live model. Raises as `set_model` does."""
        body = asdict(model) | ({} if snapshot_id is None else {"snapshot_id": snapshot_id})
        return self._sibling.post("/deployments", body, caller=caller)
