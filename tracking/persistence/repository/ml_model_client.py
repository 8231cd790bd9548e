"""What tracking asks of ml_model."""

import hashlib
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

    def set_model(self, model: ModelToSet, *, caller: Caller, key: str | None = None) -> dict[str, Any]:
        """ml_model's answer. key: the caller's; what was done with it before is answered as it was then.

        Raises SiblingFailedError and SiblingRefusedError.
        """
        return self._sibling.post("/set_model", asdict(model), caller=caller, headers=_headers(caller, key))

    def train_candidate(
        self, model: ModelToSet, snapshot_id: int | None, *, caller: Caller, key: str | None = None
    ) -> dict[str, Any]:
        """ml_model's answer: what it has trained beside the live model. key, errors: as of `set_model`."""
        body = asdict(model) | ({} if snapshot_id is None else {"snapshot_id": snapshot_id})
        return self._sibling.post("/deployments", body, caller=caller, headers=_headers(caller, key))


def _headers(caller: Caller, key: str | None) -> dict[str, str]:
    """ml_model may know every caller as this service: only with their name are their keys told apart."""
    if key is None:
        return {}
    told = hashlib.sha256(f"{caller.name} {key}".encode()).hexdigest()
    return {"Idempotency-Key": f"tracking-{told}"}
